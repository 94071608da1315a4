package io.millrace.engine.base;

import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.SafetensorsWriter;
import io.millrace.core.safetensors.TensorDType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * Writes a stored base as a dense Hugging Face directory, which transformers loads as it is: 4-bit weights as the numbers
 * they stand for. One weight is in memory at a time.
 */
final class DenseDirectory {
    private static final String WEIGHT = ".weight";

    private final Path stored;
    private final BaseTensor.Element element;
    private final BiFunction<String, float[], float[]> change;
    private final ImportProgress progress;
    private final Architecture architecture;
    private final Map<String, long[]> shapes;
    private final long total;
    private long done;

    /**
     * @param stored directory of a base in a store
     * @param change given the path of a linear module and its weight [out, in], what to write instead
     */
    DenseDirectory(
            Path stored,
            BaseTensor.Element element,
            BiFunction<String, float[], float[]> change,
            ImportProgress progress) {
        this.stored = stored;
        this.element = element;
        this.change = change;
        this.progress = progress;
        this.architecture = StoredBase.manifest(stored).architecture();
        this.shapes = architecture.tensors();
        this.total = architecture.size();
    }

    /** @param directory there, and empty */
    void writeTo(Path directory) throws IOException {
        for (String file : List.of(TextFiles.TOKENIZER, TextFiles.TOKENIZER_CONFIG, TextFiles.CHAT_TEMPLATE)) {
            if (Files.exists(stored.resolve(file))) {
                Files.copy(stored.resolve(file), directory.resolve(file));
            }
        }
        Files.write(directory.resolve("config.json"), HfConfigWriter.write(architecture, element));
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        try (SafetensorsFile tensors = SafetensorsFile.open(stored.resolve(BaseWriter.TENSORS))) {
            for (Map.Entry<String, long[]> tensor : shapes.entrySet()) {
                String name = tensor.getKey();
                writer.add(name, TensorDType.valueOf(element.name()), tensor.getValue(), out -> new DenseParts(
                                name, numbers(tensors, name), element, this::advance)
                        .writeTo(out));
            }
            writer.writeTo(directory.resolve(BaseWriter.TENSORS));
        }
    }

    private SourceTensor.Numbers numbers(SafetensorsFile tensors, String name) {
        if (!Architecture.isLinear(name)) {
            return new SafetensorsNumbers(tensors, tensors.info(name));
        }
        long[] shape = shapes.get(name);
        float[] weight = BitsAndBytes.isNf4(tensors, name)
                ? Nf4.dequantise(BitsAndBytes.read(tensors, name))
                : tensors.floats(name);
        String module = name.substring(0, name.length() - WEIGHT.length());
        return new HeldNumbers(shape, change.apply(module, weight));
    }

    private void advance(long elements) {
        done += elements;
        progress.advanced("write", done, total);
    }
}
