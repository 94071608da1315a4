package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Names of bases: one file a name, holding the id, replaced in one step. */
final class BaseNames {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?");
    private static final int MAX_LENGTH = 96;

    private final Path directory;

    BaseNames(Path directory) {
        this.directory = directory;
    }

    /** @throws MillraceException {@code bad_request} */
    static void check(String name) {
        if (!NAME.matcher(name).matches() || name.length() > MAX_LENGTH) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "'" + name + "' is no name for a base; use letters, digits, '.', '_', '-' and at most one '/'");
        }
    }

    Optional<String> find(String name) {
        try {
            return NAME.matcher(name).matches()
                    ? Optional.of(Files.readString(file(name)).strip())
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + file(name) + ": " + e.getMessage(), e);
        }
    }

    void set(String name, String id) throws IOException {
        Files.createDirectories(directory);
        Path partial = Files.createTempFile(directory, ".", ".part");
        try {
            Files.writeString(partial, id + "\n");
            Files.move(partial, file(name), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** Names of an id, sorted. */
    List<String> of(String id) {
        List<String> names = new ArrayList<>();
        for (String name : all()) {
            if (find(name).filter(id::equals).isPresent()) {
                names.add(name);
            }
        }
        return names;
    }

    private List<String> all() {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> !file.startsWith("."))
                    .map(file -> URLDecoder.decode(file, StandardCharsets.UTF_8))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't list " + directory + ": " + e.getMessage(), e);
        }
    }

    private Path file(String name) {
        return directory.resolve(URLEncoder.encode(name, StandardCharsets.UTF_8));
    }
}
