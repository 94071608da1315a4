package io.millrace.standalone.cli.base;

import io.millrace.core.BaseDescription;
import io.millrace.engine.base.BasePuller;
import io.millrace.standalone.cli.BaseStoreOption;
import io.millrace.standalone.cli.ImportBar;
import io.millrace.standalone.cli.Out;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "pull",
        description = "Fetches a base of the catalogue, or org/name from the Hugging Face hub (HF_ENDPOINT, HF_TOKEN).",
        mixinStandardHelpOptions = true)
final class PullCommand implements Runnable {
    @Mixin
    private BaseStoreOption store;

    @Mixin
    private QuantisationOption quantisation;

    @Mixin
    private Out out;

    @Parameters(paramLabel = "NAME", description = "smollm2-135m-instruct, or org/name.")
    private String name;

    @Override
    public void run() {
        try (ImportBar bar = new ImportBar()) {
            BaseDescription base = BasePuller.standard(store.open()).pull(name, quantisation.value(), bar);
            bar.close();
            out.line(name + " is here: " + base.id().hex());
            out.result(Map.of("name", name, "id", base.id().hex()));
        }
    }
}
