package io.millrace.engine.selfcheck;

import io.millrace.core.safetensors.HalfFloats;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.TensorDType;
import io.millrace.engine.base.BitsAndBytes;
import io.millrace.engine.base.Nf4;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Quantised tensors against bitsandbytes' own: {@code nf4/*.safetensors}. */
public final class Nf4Suite implements GoldenSuite {
    private static final String SUFFIX = ".safetensors";
    private static final double MAX_CODES_OFF_BY_ONE = 1e-3;
    private static final double MAX_MSE_DIFFERENCE = 1e-3;

    @Override
    public List<GoldenCase> cases(Path goldenDirectory) {
        Path directory = goldenDirectory.resolve("nf4");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().endsWith(SUFFIX))
                    .sorted()
                    .flatMap(Nf4Suite::casesOf)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't list " + directory, e);
        }
    }

    private static Stream<GoldenCase> casesOf(Path file) {
        String name = "nf4/" + file.getFileName().toString().replace(SUFFIX, "");
        return Stream.of(
                new Check(name + " dequantise", () -> dequantise(file)),
                new Check(name + " codes", () -> codes(file)),
                new Check(name + " error", () -> meanSquaredError(file)));
    }

    private static GoldenCase.Outcome dequantise(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            if (!isNf4(file)) {
                return fp4();
            }
            int different = differing(BitsAndBytes.dequantise(file, "weight"), file);
            long columns = file.info("expected").shape().get(1);
            if (different > 0 && ReferenceKernel.misreads(columns) && differing(stridedByRow(file), file) == 0) {
                return new GoldenCase.Outcome.Measured(
                        0,
                        0,
                        "bit-exact with bitsandbytes' AVX-512 kernel, which takes absmax by row although the blocks run"
                                + " across rows; read as they were quantised, " + different + " elements differ");
            }
            return new GoldenCase.Outcome.Measured(different, 0, "elements that aren't bit-exact");
        }
    }

    /** What the {@link ReferenceKernel} makes of a tensor that it misreads. */
    private static float[] stridedByRow(SafetensorsFile file) {
        BitsAndBytes.Parts parts = BitsAndBytes.parts(file, "weight");
        int columns = file.info("expected").shape().get(1).intValue();
        float[] values = new float[Math.toIntExact(file.info("expected").elements())];
        for (int i = 0; i < values.length; i++) {
            float absmax = parts.absmax()[ReferenceKernel.block(i, columns)];
            values[i] = Nf4.value(code(parts.packed().get(i / 2), i)) * absmax;
        }
        return values;
    }

    private static int differing(float[] values, SafetensorsFile file) {
        TensorDType dtype = file.info("expected").dtype();
        ByteBuffer expected = file.data("expected");
        int different = 0;
        for (int i = 0; i < values.length; i++) {
            different += bits(values[i], dtype) == bits(expected, i, dtype) ? 0 : 1;
        }
        return different;
    }

    private static GoldenCase.Outcome codes(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            if (!isNf4(file)) {
                return fp4();
            }
            float[] input = file.floats("input");
            byte[] ours = Nf4.quantise(input, new float[Nf4.blocks(input.length)]);
            ByteBuffer theirs = file.data("weight");
            int offByOne = 0;
            for (int i = 0; i < input.length; i++) {
                int distance = Math.abs(code(ours[i / 2], i) - code(theirs.get(i / 2), i));
                if (distance > 1) {
                    return new GoldenCase.Outcome.Measured(1, MAX_CODES_OFF_BY_ONE, "a code is off by " + distance);
                }
                offByOne += distance;
            }
            return new GoldenCase.Outcome.Measured(
                    (double) offByOne / input.length, MAX_CODES_OFF_BY_ONE, "share of codes off by one");
        }
    }

    private static GoldenCase.Outcome meanSquaredError(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            if (!isNf4(file)) {
                return fp4();
            }
            TensorDType dtype = file.info("expected").dtype();
            float[] input = file.floats("input");
            float[] ours = reconstruct(input, file);
            float[] theirs = BitsAndBytes.dequantise(file, "weight");
            for (int i = 0; i < ours.length; i++) {
                ours[i] = round(ours[i], dtype);
                theirs[i] = round(theirs[i], dtype);
            }
            double their = squaredError(theirs, input);
            double difference = Math.abs(squaredError(ours, input) - their);
            return new GoldenCase.Outcome.Measured(
                    difference == 0 ? 0 : difference / their, MAX_MSE_DIFFERENCE, "relative to bitsandbytes' error");
        }
    }

    private static float[] reconstruct(float[] input, SafetensorsFile file) {
        if (BitsAndBytes.parts(file, "weight").doublyQuantised()) {
            return Nf4.dequantise(Nf4.quantise(input, file.info("input").dims()));
        }
        float[] absmax = new float[Nf4.blocks(input.length)];
        byte[] packed = Nf4.quantise(input, absmax);
        return Nf4.dequantise(ByteBuffer.wrap(packed), absmax, input.length);
    }

    private static boolean isNf4(SafetensorsFile file) {
        return file.find("weight.quant_state.bitsandbytes__nf4").isPresent();
    }

    private static GoldenCase.Outcome fp4() {
        return new GoldenCase.Outcome.Skipped("FP4 isn't supported yet");
    }

    private static int code(byte pair, int index) {
        return (index & 1) == 0 ? (pair >> 4) & 0xf : pair & 0xf;
    }

    private static double squaredError(float[] values, float[] reference) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            double distance = (double) values[i] - reference[i];
            sum += distance * distance;
        }
        return sum;
    }

    private static float round(float value, TensorDType dtype) {
        return switch (dtype) {
            case F16 -> HalfFloats.fromF16(HalfFloats.toF16(value));
            case BF16 -> HalfFloats.fromBf16(HalfFloats.toBf16(value));
            default -> value;
        };
    }

    private static int bits(float value, TensorDType dtype) {
        return switch (dtype) {
            case F16 -> HalfFloats.toF16(value);
            case BF16 -> HalfFloats.toBf16(value);
            default -> Float.floatToRawIntBits(value);
        };
    }

    private static int bits(ByteBuffer values, int index, TensorDType dtype) {
        return dtype == TensorDType.F32 ? values.getInt(4 * index) : values.getShort(2 * index);
    }
}
