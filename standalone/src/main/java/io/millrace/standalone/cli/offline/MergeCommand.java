package io.millrace.standalone.cli.offline;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.base.BaseTensor.Element;
import io.millrace.engine.compose.DenseMerge;
import io.millrace.engine.compose.WeightedSum;
import io.millrace.standalone.cli.BaseChoice;
import io.millrace.standalone.cli.ImportBar;
import io.millrace.standalone.cli.OptionValues;
import io.millrace.standalone.cli.Out;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "merge",
        description =
                "Writes the weighted sum of adapters that lie in PEFT directories: as one adapter, whose rank is the"
                        + " sum of theirs, or added to the weights of their base.",
        mixinStandardHelpOptions = true)
public final class MergeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Mixin
    private Out out;

    @Mixin
    private BaseChoice base;

    @Mixin
    private AdapterSum adapters;

    @Mixin
    private OutDirectory target;

    @Option(
            names = "--as",
            paramLabel = "FORM",
            defaultValue = "adapter",
            description = "adapter: a PEFT directory. dense: a Hugging Face directory of the whole model, without"
                    + " quantisation. Default: ${DEFAULT-VALUE}")
    private Form form;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = OptionValues.Dtype.class,
            description = "Of a dense model's weights: f32, or bf16, which is half as large and loses digits of small"
                    + " changes. Default: f32")
    private Optional<String> dtype;

    private enum Form {
        ADAPTER,
        DENSE
    }

    @Override
    public void run() {
        if (adapters.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "nothing to merge: give --adapter DIR[=W] once or more");
        }
        if (form == Form.ADAPTER && dtype.isPresent()) {
            throw new ParameterException(
                    spec.commandLine(), "--dtype goes with --as dense; adapters are written in f32");
        }
        target.requireFree();
        BaseStore bases = base.ready(out::note);
        try (Base opened = bases.open(base.name())) {
            List<WeightedSum.Part> parts = adapters.read(opened.description());
            switch (form) {
                case ADAPTER -> writeAdapter(WeightedSum.of(parts), opened.description());
                case DENSE -> writeDense(parts, bases);
            }
        }
    }

    private void writeAdapter(AdapterWeights sum, BaseDescription description) {
        String origin = "the sum of " + adapters.shown() + ", merged by Millrace";
        PeftDirectory.writeTo(target.path(), PeftDirectory.files(sum, description, target.name(), origin));
        int rank = sum.config().rank();
        out.line("an adapter of rank " + rank + " is in " + target.path());
        out.result(Map.of(
                "as",
                "adapter",
                "out",
                target.path().toString(),
                "rank",
                rank,
                "modules",
                sum.modules().size()));
    }

    private void writeDense(List<WeightedSum.Part> parts, BaseStore bases) {
        String type = dtype.orElse("f32");
        try (ImportBar bar = new ImportBar()) {
            bases.exportDense(
                    base.name(),
                    target.path(),
                    Element.valueOf(type.toUpperCase(Locale.ROOT)),
                    (module, weight) -> DenseMerge.merge(weight, terms(parts, module)),
                    bar);
        }
        out.line("the whole model, in " + type + ", is in " + target.path());
        out.result(Map.of("as", "dense", "out", target.path().toString(), "dtype", type));
    }

    private static List<DenseMerge.Term> terms(List<WeightedSum.Part> parts, String module) {
        return parts.stream()
                .filter(part -> part.adapter().modules().containsKey(module))
                .map(part -> new DenseMerge.Term(
                        part.adapter().modules().get(module),
                        part.weight() * part.adapter().config().scale()))
                .toList();
    }
}
