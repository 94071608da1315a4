package io.millrace.core.peft;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.core.StrictJson;
import io.millrace.core.safetensors.SafetensorsFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Reads one adapter for one base, collecting everything that is wrong with it. */
final class PeftReader {
    private final BaseDescription base;
    private final List<String> findings = new ArrayList<>();
    private Optional<String> wrongBase = Optional.empty();

    PeftReader(BaseDescription base) {
        this.base = base;
    }

    void manifest(byte[] content, Map<String, byte[]> files) {
        try {
            Manifest manifest = Manifest.parse(content);
            findings.addAll(manifest.findings(files));
            if (!manifest.base().equals(base.id())) {
                wrongBase = Optional.of("it was made for the base " + manifest.base() + ", not for '" + base.name()
                        + "' (" + base.id() + "); choose that base, or rebuild the adapter on this one");
            }
        } catch (MillraceException e) {
            findings.add(e.getMessage());
        }
    }

    AdapterWeights read(String source, Optional<byte[]> config, Optional<Supplier<SafetensorsFile>> weights) {
        Optional<PeftConfig> parsed = config.flatMap(this::config);
        if (config.isEmpty()) {
            findings.add(PeftDirectory.CONFIG + " is missing");
        }
        if (weights.isEmpty()) {
            findings.add(PeftDirectory.WEIGHTS + " is missing; convert other formats with PEFT's save_pretrained");
        }
        Optional<SortedMap<String, LoraPair>> read = weights.flatMap(this::pairs);
        SortedMap<String, LoraPair> pairs = read.orElseGet(TreeMap::new);
        if (read.isPresent()) {
            parsed.ifPresent(c -> checkModules(c, pairs));
        }
        if (wrongBase.isPresent() && findings.isEmpty()) {
            throw new MillraceException(ErrorCode.WRONG_BASE, source + " can't be used: " + wrongBase.get());
        }
        wrongBase.ifPresent(findings::add);
        if (!findings.isEmpty() || parsed.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER, source + " can't be used: " + String.join("; ", findings));
        }
        return uniform(source, parsed.get(), pairs);
    }

    private Optional<PeftConfig> config(byte[] content) {
        try {
            PeftConfig config = PeftConfig.parse(content);
            findings.addAll(config.findings());
            return Optional.of(config);
        } catch (StrictJson.Malformed e) {
            findings.add(PeftDirectory.CONFIG + " is no JSON object: " + e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<SortedMap<String, LoraPair>> pairs(Supplier<SafetensorsFile> weights) {
        try (SafetensorsFile file = weights.get()) {
            return Optional.of(new PairReader(base, file, findings).read());
        } catch (MillraceException e) {
            findings.add(e.getMessage());
            return Optional.empty();
        }
    }

    private void checkModules(PeftConfig config, SortedMap<String, LoraPair> pairs) {
        for (Map.Entry<String, LoraPair> entry : pairs.entrySet()) {
            int expected = config.rank(entry.getKey());
            if (entry.getValue().rank() != expected) {
                findings.add(entry.getKey() + " has rank " + entry.getValue().rank() + ", but the configuration says "
                        + expected);
            }
        }
        if (config.targets().isEmpty()) {
            return; // a pattern: the weights say which modules there are
        }
        for (String target : config.targets()) {
            if (base.linearModules().stream().noneMatch(m -> PeftConfig.matches(target, m.path()))) {
                findings.add("target module '" + target + "' matches no module of base '" + base.name() + "'");
            }
        }
        for (ModuleShape module : base.linearModules()) {
            boolean targeted = config.targets().stream().anyMatch(t -> PeftConfig.matches(t, module.path()));
            boolean seen = findings.stream().anyMatch(f -> f.startsWith(module.path() + " "));
            if (targeted && !pairs.containsKey(module.path()) && !config.partial() && !seen) {
                findings.add(module.path() + " has no weights, though it is a target module");
            }
            if (!targeted && pairs.containsKey(module.path())) {
                findings.add(module.path() + " has weights, though it is no target module");
            }
        }
    }

    /** One rank and one scale for all modules, and a pair in every layer that has a module of a target's name. */
    private AdapterWeights uniform(String source, PeftConfig config, SortedMap<String, LoraPair> pairs) {
        if (pairs.isEmpty()) {
            throw new MillraceException(ErrorCode.INVALID_ADAPTER, source + " can't be used: it has no weights");
        }
        int rank = pairs.values().stream().mapToInt(LoraPair::rank).max().orElseThrow();
        TreeSet<String> suffixes = base.linearModules().stream()
                .filter(m -> pairs.containsKey(m.path()))
                .map(ModuleShape::suffix)
                .collect(Collectors.toCollection(TreeSet::new));
        LoraConfig lora = new LoraConfig(rank, config.alpha(), config.dropout(), suffixes, config.rsLora());
        SortedMap<String, LoraPair> complete = new TreeMap<>();
        for (ModuleShape module : base.linearModules()) {
            if (suffixes.contains(module.suffix())) {
                LoraPair pair = pairs.get(module.path());
                complete.put(
                        module.path(),
                        pair == null
                                ? zero(rank, module)
                                : padded(pair, rank, config.scale(module.path()) / lora.scale()));
            }
        }
        return new AdapterWeights(lora, complete);
    }

    private static LoraPair zero(int rank, ModuleShape module) {
        return new LoraPair(
                rank, module.in(), module.out(), new float[rank * module.in()], new float[module.out() * rank]);
    }

    private static LoraPair padded(LoraPair pair, int rank, double factor) {
        if (pair.rank() == rank && factor == 1) {
            return pair;
        }
        float[] a = new float[rank * pair.in()];
        System.arraycopy(pair.a(), 0, a, 0, pair.a().length);
        float[] b = new float[pair.out() * rank];
        for (int row = 0; row < pair.out(); row++) {
            for (int column = 0; column < pair.rank(); column++) {
                b[row * rank + column] = (float) (pair.b()[row * pair.rank() + column] * factor);
            }
        }
        return new LoraPair(rank, pair.in(), pair.out(), a, b);
    }
}
