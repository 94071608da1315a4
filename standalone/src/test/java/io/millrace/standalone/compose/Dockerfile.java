package io.millrace.standalone.compose;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.standalone.architecture.Repository;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The stages of a Dockerfile, in order. */
record Dockerfile(List<Stage> stages) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** @param from an image, or an earlier stage */
    record Stage(String name, String from, List<Instruction> instructions) {}

    /** @param word upper case, as {@code COPY} */
    record Instruction(String word, String arguments) {}

    /**
     * Something taken into the image.
     *
     * @param source relative to the build's context, or in the stage {@code from}
     */
    record Copied(String from, String source, String target) {}

    static Dockerfile read(Path file) {
        List<Stage> stages = new ArrayList<>();
        String joined = Repository.read(file).replaceAll("(?m)^\\s*#.*\\R", "").replaceAll("\\\\\\R\\s*", "");
        for (String line : joined.lines().filter(l -> !l.isBlank()).toList()) {
            String[] words = line.strip().split("\\s+", 2);
            if (words[0].equals("FROM")) {
                String[] from = words[1].split("\\s+AS\\s+", 2);
                stages.add(new Stage(from[1], from[0], new ArrayList<>()));
            } else {
                stages.get(stages.size() - 1).instructions().add(new Instruction(words[0], words[1]));
            }
        }
        return new Dockerfile(List.copyOf(stages));
    }

    /** What a target is made of: its own instructions after those of the stages that it comes from. */
    List<Instruction> of(String target) {
        Stage stage = stages.stream()
                .filter(s -> s.name().equals(target))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no stage " + target));
        Stream<Instruction> before = stages.stream().anyMatch(s -> s.name().equals(stage.from()))
                ? of(stage.from()).stream()
                : Stream.empty();
        return Stream.concat(before, stage.instructions().stream()).toList();
    }

    /** Images from elsewhere. */
    List<String> images() {
        return stages.stream()
                .map(Stage::from)
                .filter(from -> stages.stream().noneMatch(s -> s.name().equals(from)))
                .toList();
    }

    List<Copied> copied(String target, Map<String, String> arguments) {
        List<Copied> copied = new ArrayList<>();
        for (Instruction copy : all(target, "COPY")) {
            String[] words = copy.arguments().split("\\s+", -1);
            boolean fromStage = words[0].startsWith("--from=");
            String source = words[words.length - 2];
            for (Map.Entry<String, String> argument : arguments.entrySet()) {
                source = source.replace("${" + argument.getKey() + "}", argument.getValue());
            }
            copied.add(new Copied(
                    fromStage ? words[0].substring("--from=".length()) : "", source, words[words.length - 1]));
        }
        return copied;
    }

    Map<String, String> environment(String target) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (Instruction env : all(target, "ENV")) {
            for (String pair : env.arguments().split("\\s+", -1)) {
                String[] parts = pair.split("=", 2);
                environment.put(parts[0], parts[1]);
            }
        }
        return environment;
    }

    /** Who runs it in the end. */
    String user(String target) {
        List<Instruction> users = all(target, "USER");
        return users.isEmpty() ? "root" : users.get(users.size() - 1).arguments();
    }

    List<String> entryPoint(String target) {
        List<Instruction> entryPoints = all(target, "ENTRYPOINT");
        try {
            return JSON.readValue(
                    entryPoints.get(entryPoints.size() - 1).arguments(), new TypeReference<List<String>>() {});
        } catch (JsonProcessingException e) {
            throw new AssertionError("ENTRYPOINT is no JSON list", e);
        }
    }

    private List<Instruction> all(String target, String word) {
        return of(target).stream().filter(i -> i.word().equals(word)).toList();
    }
}
