package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.TensorDType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * How bitsandbytes serialises one 4-bit tensor in a safetensors file: the packed codes under the tensor's own name,
 * beside it {@code .absmax}, {@code .quant_map}, the nested ones of double quantisation, and a JSON text as bytes.
 */
public final class BitsAndBytes {
    static final String ABSMAX = ".absmax";
    static final String QUANT_MAP = ".quant_map";
    static final String NESTED_ABSMAX = ".nested_absmax";
    static final String NESTED_QUANT_MAP = ".nested_quant_map";
    static final String NF4_STATE = ".quant_state.bitsandbytes__nf4";
    static final String FP4_STATE = ".quant_state.bitsandbytes__fp4";

    private static final ObjectMapper JSON = new ObjectMapper();

    private BitsAndBytes() {}

    /**
     * What stands in the quantisation state.
     *
     * @param nestedOffset present with double quantisation
     */
    record State(long[] shape, String dtype, Optional<Float> nestedOffset) {}

    /**
     * Codes and scales.
     *
     * @param packed [ceil(elements / 2)]
     * @param absmax [blocks] float32, after undoing double quantisation where there is one
     */
    public record Parts(long[] shape, ByteBuffer packed, float[] absmax, boolean doublyQuantised) {}

    static boolean isNf4(SafetensorsFile file, String name) {
        return file.find(name + NF4_STATE).isPresent();
    }

    static boolean isFp4(SafetensorsFile file, String name) {
        return file.find(name + FP4_STATE).isPresent();
    }

    /**
     * The float32 values of a tensor, with or without double quantisation.
     *
     * @throws MillraceException {@code bad_base} where parts are missing or have wrong sizes, {@code unsupported_base}
     *     for other block sizes or value maps
     */
    public static float[] dequantise(SafetensorsFile file, String name) {
        Parts parts = parts(file, name);
        return Nf4.dequantise(parts.packed(), parts.absmax(), elements(parts.shape()));
    }

    /**
     * A tensor's codes and scales.
     *
     * @throws MillraceException as {@link #dequantise}
     */
    public static Parts parts(SafetensorsFile file, String name) {
        State state = state(file, name);
        int elements = elements(state.shape());
        boolean nested = state.nestedOffset().isPresent();
        float[] absmax = nested ? Nf4.absmax(read(file, name)) : absmax(file, name, Nf4.blocks(elements));
        return new Parts(state.shape(), packed(file, name, elements), absmax, nested);
    }

    /**
     * The tensor as it is held; one without double quantisation gets it here.
     *
     * @throws MillraceException as {@link #dequantise}
     */
    static BaseTensor.Nf4 read(SafetensorsFile file, String name) {
        State state = state(file, name);
        int elements = elements(state.shape());
        int blocks = Nf4.blocks(elements);
        ByteBuffer packed = padded(packed(file, name, elements), blocks * Nf4.BLOCK / 2, elements);
        if (state.nestedOffset().isEmpty()) {
            return Nf4.tensor(state.shape(), packed, DoubleQuantisation.of(absmax(file, name, blocks)));
        }
        checkMap(file, name + NESTED_QUANT_MAP, DynamicMap.signed().values());
        int nestedBlocks = (blocks + DoubleQuantisation.BLOCK - 1) / DoubleQuantisation.BLOCK;
        return new BaseTensor.Nf4(
                state.shape(),
                packed,
                part(file, name + ABSMAX, TensorDType.U8, blocks),
                part(file, name + NESTED_ABSMAX, TensorDType.F32, nestedBlocks),
                state.nestedOffset().get());
    }

    static State state(SafetensorsFile file, String name) {
        byte[] text = bytes(file.data(name + NF4_STATE));
        JsonNode json;
        try {
            json = JSON.readTree(text);
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE, "'" + name + NF4_STATE + "' isn't JSON; download the base again", e);
        }
        boolean nested = json.has("nested_offset");
        if (json.path("blocksize").asInt() != Nf4.BLOCK
                || (nested && json.path("nested_blocksize").asInt() != DoubleQuantisation.BLOCK)) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE,
                    "'" + name
                            + "' is quantised in blocks of another size than 64 and 256; import the unquantised base");
        }
        checkMap(file, name + QUANT_MAP, Nf4.values());
        JsonNode sides = json.path("shape");
        long[] shape = new long[sides.size()];
        Arrays.setAll(shape, i -> sides.get(i).asLong());
        return new State(
                shape,
                json.path("dtype").asText("float32"),
                nested ? Optional.of((float) json.get("nested_offset").asDouble()) : Optional.empty());
    }

    /** The state as bitsandbytes writes it for a tensor with double quantisation. */
    static byte[] state(BaseTensor.Nf4 tensor, String dtype) {
        ObjectNode json = JSON.createObjectNode();
        json.put("quant_type", "nf4").put("blocksize", Nf4.BLOCK).put("dtype", dtype);
        json.set("shape", JSON.valueToTree(tensor.shape()));
        json.put("nested_blocksize", DoubleQuantisation.BLOCK)
                .put("nested_dtype", "float32")
                .put("nested_offset", (double) tensor.absmaxOffset());
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer packed(SafetensorsFile file, String name, int elements) {
        return part(file, name, TensorDType.U8, (elements + 1) / 2);
    }

    private static float[] absmax(SafetensorsFile file, String name, int blocks) {
        float[] absmax = new float[blocks];
        part(file, name + ABSMAX, TensorDType.F32, blocks).asFloatBuffer().get(absmax);
        return absmax;
    }

    private static ByteBuffer part(SafetensorsFile file, String name, TensorDType dtype, int elements) {
        if (file.info(name).dtype() != dtype || file.info(name).elements() != elements) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE,
                    "'" + name + "' should hold " + elements + " elements of " + dtype + "; download the base again");
        }
        return file.data(name);
    }

    private static ByteBuffer padded(ByteBuffer packed, int size, int elements) {
        if (packed.remaining() == size) {
            return packed;
        }
        byte[] whole = new byte[size];
        Arrays.fill(whole, (byte) 0x77);
        int bytes = packed.remaining();
        packed.duplicate().get(whole, 0, bytes);
        if (elements % 2 == 1) {
            whole[bytes - 1] = (byte) ((whole[bytes - 1] & 0xf0) | 0x7);
        }
        return ByteBuffer.allocateDirect(size)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(whole)
                .flip();
    }

    private static void checkMap(SafetensorsFile file, String name, float[] expected) {
        if (!Arrays.equals(file.floats(name), expected)) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE, "'" + name + "' isn't the map known here; import the unquantised base");
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static int elements(long[] shape) {
        return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }
}
