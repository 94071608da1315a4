package io.millrace.engine.base;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * bitsandbytes' signed dynamic 8-bit map (Dettmers 2015, "8-bit approximations for parallelism in deep learning"): 256
 * ascending float32 values in [-1, 1]. The exact values are a resource.
 */
public final class DynamicMap {
    private static final String RESOURCE = "dynamic-map-signed.txt";
    private static final int GRID = 65536;
    private static final DynamicMap SIGNED = new DynamicMap(read());

    private final float[] values;

    private DynamicMap(float[] values) {
        this.values = values;
    }

    public static DynamicMap signed() {
        return SIGNED;
    }

    float value(int code) {
        return values[code];
    }

    public float[] values() {
        return values.clone();
    }

    /**
     * The code of the value nearest to x, found as bitsandbytes' CPU quantiser finds it: x is first rounded to one of
     * {@value #GRID} evenly spaced numbers in [-1, 1], so next to a midpoint the other neighbour can win. The rounding is
     * in float32 there, which takes some numbers just below a half for one.
     */
    int code(float x) {
        double step = (GRID - 1) / 2.0;
        float place = (x + 1f) * 0.5f * (GRID - 1) + 0.5f;
        double rounded = Math.floor(place) / step - 1;
        int low = 0;
        int high = values.length - 1;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (values[middle] <= rounded) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return rounded - values[low] <= values[high] - rounded ? low : high;
    }

    private static float[] read() {
        float[] values = new float[256];
        try (InputStream in = DynamicMap.class.getResourceAsStream(RESOURCE);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (int i = 0; i < values.length; i++) {
                String[] columns = lines.readLine().split(" ", -1); // index, decimal, bits
                values[i] = Float.intBitsToFloat((int) Long.parseLong(columns[2].substring(2), 16));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return values;
    }
}
