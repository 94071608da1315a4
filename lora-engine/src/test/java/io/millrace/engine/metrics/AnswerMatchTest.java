package io.millrace.engine.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AnswerMatchTest {
    @ParameterizedTest
    @CsvSource({
        "The Eiffel Tower!, eiffel tower, true",
        "an apple a day, apple day, true",
        "theatre, atre, false",
        "card_arrival, card arrival, false",
        "two  words, two words, true",
    })
    void caseArticlesAndPunctuationDontCount(String hypothesis, String reference, boolean same) {
        assertThat(AnswerMatch.exact(new TextPair(hypothesis, reference))).isEqualTo(same);
    }

    @Test
    void f1IsOfWords() {
        // Of three words two are among the reference's four: precision 2/3, recall 1/2
        assertThat(AnswerMatch.f1(new TextPair("red red boat", "red boat sails home")))
                .isEqualTo(4.0 / 7, within(1e-12));
        assertThat(AnswerMatch.f1(new TextPair("", "red"))).isZero();
        assertThat(AnswerMatch.f1(new TextPair("the", "a"))).isEqualTo(1);
    }
}
