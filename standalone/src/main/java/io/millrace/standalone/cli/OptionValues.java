package io.millrace.standalone.cli;

import io.millrace.engine.DType;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Values of options that are checked before anything is started for them. */
public final class OptionValues {
    private OptionValues() {}

    /** A TCP port. */
    static final class Port implements ITypeConverter<Integer> {
        private static final int HIGHEST = 65_535;

        @Override
        public Integer convert(String value) {
            if (!value.matches("[0-9]{1,5}") || Integer.parseInt(value) < 1 || Integer.parseInt(value) > HIGHEST) {
                throw new TypeConversionException("'" + value + "' is no port; use 1 to " + HIGHEST);
            }
            return Integer.parseInt(value);
        }
    }

    /** A dtype's label. */
    public static final class Dtype implements ITypeConverter<String> {
        private static final List<String> LABELS =
                Arrays.stream(DType.values()).map(DType::label).toList();

        @Override
        public String convert(String value) {
            if (!LABELS.contains(value)) {
                throw new TypeConversionException("'" + value + "' is no dtype; use one of " + LABELS);
            }
            return value;
        }
    }

    /** A device's name; whether this machine has it turns out later. */
    static final class Device implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            if (!value.matches("auto|cpu|cuda:[0-9]{1,3}")) {
                throw new TypeConversionException("'" + value + "' is no device; use auto, cpu or cuda:N");
            }
            return value;
        }
    }
}
