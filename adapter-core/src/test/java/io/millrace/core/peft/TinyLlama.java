package io.millrace.core.peft;

import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The base that the golden adapters are for, and the files of those. */
final class TinyLlama {
    static final BaseDescription BASE = base("tiny-llama");

    private TinyLlama() {}

    static BaseDescription base(String name) {
        return new BaseDescription(
                Digest.of(name),
                name,
                "llama",
                384,
                64,
                176,
                2,
                4,
                2,
                16,
                512,
                1e-5,
                true,
                new BaseDescription.Rope(10000, Optional.empty()),
                Optional.of(0),
                List.of(2),
                BaseDescription.Quantisation.DENSE);
    }

    /** @param adapter a folder of the golden resources */
    static Map<String, byte[]> golden(String adapter) {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : List.of(PeftDirectory.WEIGHTS, PeftDirectory.CONFIG)) {
            files.put(name, resource(adapter + "/" + name));
        }
        return files;
    }

    static byte[] resource(String path) {
        try (InputStream in = TinyLlama.class.getResourceAsStream("/golden/" + path)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
