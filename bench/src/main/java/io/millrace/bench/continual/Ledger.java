package io.millrace.bench.continual;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The lines of a bench that takes long: printed as they come, and kept in a file, so that a bench that was interrupted goes
 * on after its last whole part.
 */
final class Ledger {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final PrintWriter out;
    private final Optional<Path> file;
    private final List<ObjectNode> kept = new ArrayList<>();

    /** @param file may hold lines of an earlier run */
    Ledger(PrintWriter out, Optional<Path> file) throws IOException {
        this.out = out;
        this.file = file;
        if (file.isPresent() && Files.exists(file.get())) {
            for (String line : Files.readAllLines(file.get())) {
                kept.add((ObjectNode) JSON.readTree(line));
            }
        }
    }

    static ObjectNode line() {
        return JSON.createObjectNode();
    }

    /** The lines of a part: those of the file where they are there, else those that it is made of now. */
    List<ObjectNode> part(String name, Supplier<List<ObjectNode>> make) {
        return part(name, make, known -> {});
    }

    /** @param check is given the lines of the file where they are there */
    List<ObjectNode> part(String name, Supplier<List<ObjectNode>> make, Consumer<List<ObjectNode>> check) {
        List<ObjectNode> known = kept.stream()
                .filter(line -> line.path("part").asText().equals(name))
                .toList();
        if (!known.isEmpty()) {
            check.accept(known);
            known.forEach(this::print);
            return known;
        }
        List<ObjectNode> made = make.get();
        made.forEach(line -> line.put("part", name));
        kept.addAll(made);
        keep(made);
        made.forEach(this::print);
        return made;
    }

    /** All lines of a part or none. */
    private void keep(List<ObjectNode> made) {
        if (file.isEmpty()) {
            return;
        }
        StringBuilder text = new StringBuilder();
        made.forEach(line -> text.append(line).append('\n'));
        try {
            Files.writeString(file.get(), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Without the losses of single examples. */
    void print(ObjectNode line) {
        ObjectNode shown = line.deepCopy();
        shown.remove("losses");
        out.println(shown);
        out.flush();
    }

    static Score score(JsonNode line) {
        List<Double> losses = new ArrayList<>();
        line.path("losses").forEach(loss -> losses.add(loss.asDouble()));
        return new Score(
                losses,
                line.path("accuracy").asDouble(),
                line.path("token_accuracy").asDouble());
    }

    static ObjectNode score(Score score) {
        ObjectNode line = line();
        line.put("loss", score.loss());
        line.put("accuracy", score.accuracy());
        line.put("token_accuracy", score.tokenAccuracy());
        score.losses().forEach(line.withArray("losses")::add);
        return line;
    }
}
