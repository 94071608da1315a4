package io.millrace.standalone.cli.base;

import io.millrace.core.BaseDescription.Quantisation;
import picocli.CommandLine.Option;

/** How an imported base is stored. */
final class QuantisationOption {
    @Option(
            names = "--dense",
            description = "Keep the weights dense, for comparison. Default: NF4 with double quantisation.")
    private boolean dense;

    Quantisation value() {
        return dense ? Quantisation.DENSE : Quantisation.NF4;
    }
}
