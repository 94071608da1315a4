package io.millrace.engine.train;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.SafetensorsWriter;
import io.millrace.core.safetensors.TensorDType;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The tensors of an {@link AdapterState}. Between its file and flat vectors all goes matrix by matrix, so that no vector
 * needs a copy on the heap.
 */
final class StateFormat {
    private static final List<String> PARTS = List.of("", ".m", ".v");
    private static final List<String> PARTS_AND_AVERAGE = List.of("", ".m", ".v", ".avg");

    private StateFormat() {}

    /**
     * A file of these vectors, which are read when it is written.
     *
     * @param parts weights, first and second moments, and the average where one is kept: flat vectors of float32
     */
    static SafetensorsWriter writer(AdapterLayout layout, List<ByteBuffer> parts) {
        SafetensorsWriter writer = new SafetensorsWriter();
        for (AdapterLayout.Place place : layout.places()) {
            for (int part = 0; part < parts.size(); part++) {
                for (Matrix matrix : Matrix.of(layout, place, PARTS_AND_AVERAGE.get(part))) {
                    ByteBuffer bytes =
                            parts.get(part).slice(Float.BYTES * matrix.at(), Float.BYTES * matrix.elements());
                    writer.add(matrix.name(), TensorDType.F32, matrix.shape(), bytes);
                }
            }
        }
        return writer;
    }

    /**
     * The parts that {@link #writer} takes, each copied from the content when it is asked for.
     *
     * @throws MillraceException {@code invalid_adapter} where the content doesn't fit the layout
     */
    static List<FlatValues> read(AdapterLayout layout, byte[] content) {
        SafetensorsFile file = SafetensorsFile.of(content);
        int matrices = layout.places().size() * 2;
        int tensors = file.tensors().size();
        List<String> parts = tensors == matrices * PARTS_AND_AVERAGE.size() ? PARTS_AND_AVERAGE : PARTS;
        if (tensors != matrices * parts.size()) {
            throw invalid("has " + tensors + " tensors, this base needs " + matrices * parts.size());
        }
        for (AdapterLayout.Place place : layout.places()) {
            for (String part : parts) {
                Matrix.of(layout, place, part).forEach(matrix -> check(file, matrix));
            }
        }
        return parts.stream()
                .<FlatValues>map(part -> flat -> copy(file, layout, part, flat))
                .toList();
    }

    private static void check(SafetensorsFile file, Matrix matrix) {
        List<Long> wanted = Arrays.stream(matrix.shape()).boxed().toList();
        if (file.find(matrix.name()).filter(info -> info.shape().equals(wanted)).isEmpty()) {
            throw invalid("has no " + matrix.name() + " of shape " + wanted);
        }
    }

    private static void copy(SafetensorsFile file, AdapterLayout layout, String part, FloatBuffer flat) {
        for (AdapterLayout.Place place : layout.places()) {
            for (Matrix matrix : Matrix.of(layout, place, part)) {
                flat.put(matrix.at(), file.floats(matrix.name()));
            }
        }
    }

    private static MillraceException invalid(String what) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, "the adapter doesn't fit: its state " + what);
    }

    /**
     * One tensor.
     *
     * @param at where it begins in its flat vector
     */
    private record Matrix(String name, long[] shape, int at) {
        static List<Matrix> of(AdapterLayout layout, AdapterLayout.Place place, String part) {
            String path = place.module().path();
            return List.of(
                    new Matrix(path + ".lora_A" + part, layout.shapeA(place), place.a()),
                    new Matrix(path + ".lora_B" + part, layout.shapeB(place), place.b()));
        }

        int elements() {
            return Math.toIntExact(shape[0] * shape[1]);
        }
    }
}
