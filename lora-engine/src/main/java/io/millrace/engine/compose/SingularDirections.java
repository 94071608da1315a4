package io.millrace.engine.compose;

import io.millrace.core.LoraPair;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Singular values and right singular vectors of BA, the directions of the input that an adapter acts along (Ostapenko et
 * al. 2024, "Towards modular LLMs", section 3.2: Arrow routing). Only matrices of the rank's size are decomposed: with
 * A A^T = U D U^T and M = D^1/2 U^T (B^T B) U D^1/2 = V S^2 V^T, the vectors are A^T U D^-1/2 V.
 *
 * @param values descending
 * @param leading [in], of length 1, for the largest value; its sign means nothing
 */
public record SingularDirections(double[] values, double[] leading) {
    private static final double NEGLIGIBLE = 1e-12;

    /** Without the scale: values are those of BA. */
    public static SingularDirections of(LoraPair pair) {
        int rank = pair.rank();
        SymmetricEigen inputs = SymmetricEigen.of(gramOfRows(pair.a(), rank, pair.in()));
        double[][] k = gramOfColumns(pair.b(), rank, pair.out());
        double largest = IntStream.range(0, rank)
                .mapToDouble(i -> inputs.values()[i])
                .max()
                .orElse(0);
        double[] root = new double[rank];
        for (int i = 0; i < rank; i++) {
            root[i] = inputs.values()[i] > largest * NEGLIGIBLE ? Math.sqrt(inputs.values()[i]) : 0;
        }
        SymmetricEigen middle = SymmetricEigen.of(sandwich(root, inputs.vectors(), k));
        List<Integer> order = IntStream.range(0, rank)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> middle.values()[i])
                        .reversed())
                .toList();
        double[] values = order.stream()
                .mapToDouble(i -> Math.sqrt(Math.max(0, middle.values()[i])))
                .toArray();
        return new SingularDirections(values, direction(pair, root, inputs, middle, order.get(0)));
    }

    private static double[] direction(
            LoraPair pair, double[] root, SymmetricEigen inputs, SymmetricEigen middle, int which) {
        double[] direction = new double[pair.in()];
        for (int row = 0; row < pair.rank(); row++) {
            double c = 0;
            for (int i = 0; i < pair.rank(); i++) {
                c += root[i] == 0 ? 0 : inputs.vectors()[row][i] / root[i] * middle.vectors()[i][which];
            }
            for (int j = 0; j < pair.in(); j++) {
                direction[j] += c * pair.a()[row * pair.in() + j];
            }
        }
        return direction;
    }

    private static double[][] sandwich(double[] root, double[][] u, double[][] k) {
        int n = root.length;
        double[][] m = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int p = 0; p < n; p++) {
                    for (int q = 0; q < n; q++) {
                        sum += u[p][i] * k[p][q] * u[q][j];
                    }
                }
                m[i][j] = root[i] * sum * root[j];
            }
        }
        return m;
    }

    private static double[][] gramOfRows(float[] x, int rows, int columns) {
        double[][] gram = new double[rows][rows];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < rows; j++) {
                for (int c = 0; c < columns; c++) {
                    gram[i][j] += (double) x[i * columns + c] * x[j * columns + c];
                }
            }
        }
        return gram;
    }

    private static double[][] gramOfColumns(float[] x, int columns, int rows) {
        double[][] gram = new double[columns][columns];
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < columns; i++) {
                for (int j = 0; j < columns; j++) {
                    gram[i][j] += (double) x[r * columns + i] * x[r * columns + j];
                }
            }
        }
        return gram;
    }
}
