package io.millrace.core;

import java.util.Arrays;
import java.util.Objects;

/**
 * The two matrices of one adapted module, row-major float32. The arrays aren't copied: who holds a pair doesn't write
 * to them.
 *
 * @param a [rank, in]
 * @param b [out, rank]
 */
public record LoraPair(int rank, int in, int out, float[] a, float[] b) {
    public LoraPair {
        if (a.length != (long) rank * in || b.length != (long) out * rank) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER,
                    "A has " + a.length + " and B " + b.length + " numbers; rank " + rank + ", in " + in + ", out "
                            + out + " need " + (long) rank * in + " and " + (long) out * rank);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LoraPair p
                && rank == p.rank
                && in == p.in
                && out == p.out
                && Arrays.equals(a, p.a)
                && Arrays.equals(b, p.b);
    }

    @Override
    public int hashCode() {
        return Objects.hash(rank, in, out, Arrays.hashCode(a), Arrays.hashCode(b));
    }
}
