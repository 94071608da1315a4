package io.millrace.bench.chaos;

import java.util.ArrayList;
import java.util.List;

/** What an audit found wrong, counted by kind, with the first few in words. */
final class Findings {
    private static final int IN_WORDS = 20;

    private final List<String> words = new ArrayList<>();
    private long lost;
    private long twice;
    private long wrong;

    /** Something that was confirmed or accepted isn't there. */
    void lost(String what) {
        lost++;
        say("lost: " + what);
    }

    /** Something happened more than once. */
    void twice(String what) {
        twice++;
        say("twice: " + what);
    }

    /** Something is otherwise than it must be. */
    void wrong(String what) {
        wrong++;
        say("wrong: " + what);
    }

    private void say(String what) {
        if (words.size() < IN_WORDS) {
            words.add(what);
        }
    }

    long losses() {
        return lost;
    }

    long duplicates() {
        return twice;
    }

    long wrongs() {
        return wrong;
    }

    boolean none() {
        return lost + twice + wrong == 0;
    }

    List<String> words() {
        return List.copyOf(words);
    }
}
