package io.millrace.engine.base;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bases that aren't kept in a store. */
public final class Bases {
    private Bases() {}

    /**
     * Opens a Hugging Face directory or a GGUF file as it would be after an import, in a temporary directory that goes when
     * the base is closed.
     *
     * @throws MillraceException {@code bad_base}, {@code unsupported_base}, {@code bad_safetensors},
     *     {@code unsupported_template}
     */
    public static Base openDirectory(Path source, Quantisation quantisation) {
        try (WeightSource weights = Sources.open(source)) {
            Path fileName = source.getFileName();
            return open(weights, fileName == null ? "base" : fileName.toString(), quantisation);
        }
    }

    static Base open(WeightSource weights, String name, Quantisation quantisation) {
        try {
            Path directory = Files.createTempDirectory("millrace-base-");
            try {
                new BaseWriter(weights, quantisation, ImportProgress.silent()).writeTo(directory);
                return StoredBase.open(directory, name, () -> Directories.delete(directory));
            } catch (IOException | RuntimeException e) {
                Directories.delete(directory);
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't write the base to the temporary directory: " + e.getMessage(), e);
        }
    }
}
