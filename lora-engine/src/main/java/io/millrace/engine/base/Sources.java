package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells what a path holds. */
final class Sources {
    private Sources() {}

    /** @throws MillraceException {@code bad_base} where nothing importable is there */
    static WeightSource open(Path path) {
        if (Files.isDirectory(path)) {
            return new HfDirectory(path);
        }
        if (Files.isRegularFile(path)) {
            return new GgufSource(path);
        }
        throw new MillraceException(
                ErrorCode.BAD_BASE,
                path + " is neither a Hugging Face directory nor a GGUF file; name a path that exists");
    }
}
