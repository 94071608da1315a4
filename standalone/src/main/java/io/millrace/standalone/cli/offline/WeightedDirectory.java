package io.millrace.standalone.cli.offline;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A PEFT directory and how much it counts, {@code DIR[=W]}; the weight is 1 where none is given. */
record WeightedDirectory(Path directory, float weight) {

    /** A folder that is there is meant, also where its name has an equals sign. */
    static final class Reader implements ITypeConverter<WeightedDirectory> {
        @Override
        public WeightedDirectory convert(String value) {
            int sign = value.lastIndexOf('=');
            try {
                if (sign < 0 || Files.isDirectory(Path.of(value))) {
                    return new WeightedDirectory(Path.of(value), 1);
                }
                return new WeightedDirectory(Path.of(value.substring(0, sign)), weight(value.substring(sign + 1)));
            } catch (InvalidPathException e) {
                throw new TypeConversionException("'" + value + "' is no path: " + e.getReason());
            }
        }

        private static float weight(String text) {
            try {
                float weight = Float.parseFloat(text);
                if (Float.isFinite(weight)) {
                    return weight;
                }
            } catch (NumberFormatException e) {
                // said below, as of a number that isn't finite
            }
            throw new TypeConversionException("'" + text + "' is no weight; use a number, as in DIR=0.5");
        }
    }
}
