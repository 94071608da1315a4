package io.millrace.embedding;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Layout, little-endian: {@code MRP1}; int dimension; int centroids; long examples; float mean, deviation, quantiles;
 * centroids as 16-bit fixed point (value * 32767), row by row.
 */
final class PrototypesCodec {
    private static final int MAGIC = 0x3150524d; // "MRP1"
    private static final int HEADER_BYTES = 4 + 4 + 4 + 8 + 4 * (2 + Spread.LEVELS.size());
    private static final float UNIT = 32767;

    private PrototypesCodec() {}

    /** What {@link #encode} keeps of a vector. */
    static float[] rounded(float[] vector) {
        float[] kept = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            kept[i] = fixed(vector[i]) / UNIT;
        }
        return kept;
    }

    static byte[] encode(Prototypes prototypes) {
        int dimension = prototypes.dimension();
        int count = prototypes.centroids().size();
        ByteBuffer out =
                ByteBuffer.allocate(HEADER_BYTES + 2 * dimension * count).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC).putInt(dimension).putInt(count).putLong(prototypes.examples());
        Spread spread = prototypes.spread();
        out.putFloat(spread.mean()).putFloat(spread.deviation());
        spread.quantiles().forEach(out::putFloat);
        for (float[] centroid : prototypes.centroids()) {
            for (float value : centroid) {
                out.putShort(fixed(value));
            }
        }
        return out.array();
    }

    static Prototypes decode(byte[] content) {
        ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        try {
            if (in.getInt() != MAGIC) {
                throw new IllegalArgumentException("no prototypes: the first bytes aren't MRP1");
            }
            int dimension = in.getInt();
            int count = in.getInt();
            long examples = in.getLong();
            Spread spread = readSpread(in);
            if (dimension < 1 || count < 1 || in.remaining() != 2L * dimension * count) {
                throw new IllegalArgumentException("no prototypes: " + count + " centroids of " + dimension
                        + " numbers don't fill the remaining " + in.remaining() + " bytes");
            }
            List<float[]> centroids = new ArrayList<>();
            for (int c = 0; c < count; c++) {
                float[] centroid = new float[dimension];
                for (int i = 0; i < dimension; i++) {
                    centroid[i] = in.getShort() / UNIT;
                }
                centroids.add(centroid);
            }
            return new Prototypes(centroids, examples, spread);
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("no prototypes: only " + content.length + " bytes", e);
        }
    }

    private static Spread readSpread(ByteBuffer in) {
        float mean = in.getFloat();
        float deviation = in.getFloat();
        List<Float> quantiles = new ArrayList<>();
        for (int i = 0; i < Spread.LEVELS.size(); i++) {
            quantiles.add(in.getFloat());
        }
        return new Spread(mean, deviation, quantiles);
    }

    private static short fixed(float value) {
        return (short) Math.round(Math.max(-1, Math.min(1, value)) * UNIT);
    }
}
