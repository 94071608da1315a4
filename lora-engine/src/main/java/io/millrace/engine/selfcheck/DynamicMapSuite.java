package io.millrace.engine.selfcheck;

import io.millrace.engine.base.DynamicMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The values that scales are stored in, against bitsandbytes' own: {@code bnb_dynamic_map_signed.txt}. */
public final class DynamicMapSuite implements GoldenSuite {
    private static final String NAME = "bnb_dynamic_map_signed";

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path file = goldenDirectory.resolve(NAME + ".txt");
        return Files.exists(file) ? List.of(new Check(NAME, () -> compare(file))) : List.of();
    }

    /** Each line of the file: code, value, the value's bits. */
    private static GoldenCase.Outcome compare(Path file) {
        float[] values = DynamicMap.signed().values();
        List<String> lines = lines(file);
        int different = Math.abs(values.length - lines.size());
        for (String line : lines) {
            String[] columns = line.strip().split("\\s+", -1);
            int bits = Integer.parseUnsignedInt(columns[2].replaceFirst("^0x", ""), 16);
            different += Float.floatToRawIntBits(values[Integer.parseInt(columns[0])]) == bits ? 0 : 1;
        }
        return new GoldenCase.Outcome.Measured(different, 0, "values that aren't bit-exact, of " + values.length);
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + file, e);
        }
    }
}
