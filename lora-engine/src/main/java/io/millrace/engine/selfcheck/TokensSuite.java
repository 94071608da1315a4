package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ChatMessage;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseCatalogue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/** The real base's tokenizer and chat template against transformers': {@code smollm2/*.json}. */
public final class TokensSuite implements GoldenSuite {
    private final GoldenBases bases;

    public TokensSuite(GoldenBases bases) {
        this.bases = bases;
    }

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path directory = goldenDirectory.resolve("smollm2");
        List<GoldenCase> cases = new ArrayList<>();
        if (Files.exists(directory.resolve("tokens.json"))) {
            Path tokens = directory.resolve("tokens.json");
            cases.add(check("smollm2/tokens ids", tokens, TokensSuite::sameIds));
            cases.add(check("smollm2/tokens decoded", tokens, TokensSuite::sameText));
        }
        for (String name : List.of("dense", "nf4")) {
            Path prompts = directory.resolve(name + ".json");
            if (Files.exists(prompts)) {
                cases.add(check("smollm2/" + name + " prompt_ids", prompts, TokensSuite::samePrompt));
            }
        }
        return cases;
    }

    private GoldenCase check(String name, Path file, BiPredicate<Base, JsonNode> holds) {
        return new Check(name, () -> {
            Optional<Base> opened = bases.open(BaseCatalogue.DEFAULT_BASE, Quantisation.NF4);
            if (opened.isEmpty()) {
                return GoldenBases.notHere(BaseCatalogue.DEFAULT_BASE);
            }
            try (Base base = opened.get()) {
                List<String> wrong = new ArrayList<>();
                JsonNode entries = GoldenFiles.json(file);
                for (JsonNode entry : entries) {
                    if (!holds.test(base, entry)) {
                        wrong.add(entry.path(entry.has("text") ? "text" : "prompt")
                                .toString());
                    }
                }
                String detail = wrong.isEmpty() ? "of " + entries.size() + " texts" : "first: " + wrong.get(0);
                return new GoldenCase.Outcome.Measured(wrong.size(), 0, detail);
            }
        });
    }

    private static boolean sameIds(Base base, JsonNode entry) {
        return Arrays.equals(base.tokenizer().encode(entry.path("text").asText()), ids(entry.path("ids")));
    }

    private static boolean sameText(Base base, JsonNode entry) {
        return base.tokenizer()
                .decode(ids(entry.path("ids")), false)
                .equals(entry.path("decoded").asText());
    }

    private static boolean samePrompt(Base base, JsonNode entry) {
        List<ChatMessage> asked =
                List.of(ChatMessage.of("user", entry.path("prompt").asText()));
        return Arrays.equals(base.prompts().chat(asked, List.of()), ids(entry.path("prompt_ids")));
    }

    private static int[] ids(JsonNode array) {
        int[] ids = new int[array.size()];
        Arrays.setAll(ids, i -> array.get(i).asInt());
        return ids;
    }
}
