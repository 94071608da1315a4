package io.millrace.standalone.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The module table of the architecture: who may use whom, and who may know a service framework. */
class ModuleRulesTest {
    private static final Set<String> CORES = Set.of(
            "proto",
            "vector-kernels",
            "adapter-core",
            "artifact-store",
            "registry-log",
            "lora-engine",
            "text-embedding");
    private static final Set<String> SERVICES = Set.of("trainer-service", "registry-service", "router-service");

    private static final Map<String, Set<String>> MODULES_ALLOWED = Map.ofEntries(
            Map.entry("proto", Set.of()),
            Map.entry("vector-kernels", Set.of("adapter-core")),
            Map.entry("adapter-core", Set.of()),
            Map.entry("artifact-store", Set.of("adapter-core")),
            Map.entry("registry-log", Set.of("proto", "adapter-core")),
            Map.entry("lora-engine", Set.of("adapter-core", "vector-kernels")),
            Map.entry("text-embedding", Set.of()),
            Map.entry("embedded", Set.of("adapter-core")),
            Map.entry("trainer-service", CORES),
            Map.entry("registry-service", Set.of("proto", "adapter-core", "artifact-store", "registry-log")),
            Map.entry("router-service", CORES),
            Map.entry("testkit", allModulesBut("standalone", "testkit")),
            Map.entry("bench", allModulesBut("testkit", "bench")),
            Map.entry("standalone", allModulesBut("testkit", "standalone")));

    /** Third-party groups of the modules below the services; logging and JSON anywhere. */
    private static final Map<String, Set<String>> GROUPS_ALLOWED = Map.of(
            "proto", Set.of("com.google.protobuf", "io.grpc"),
            "vector-kernels", Set.of(),
            "adapter-core", Set.of(),
            "artifact-store", Set.of("io.minio", "com.squareup.okhttp3"),
            "registry-log", Set.of("org.apache.kafka", "com.google.protobuf"),
            // JNA as DJL has it: for CUDA's runtime library
            "lora-engine", Set.of("ai.djl", "ai.djl.pytorch", "ai.djl.huggingface", "net.java.dev.jna"),
            "text-embedding", Set.of("dev.langchain4j", "ai.djl", "ai.djl.huggingface"),
            "embedded", Set.of("org.apache.kafka", "org.gaul", "jakarta.servlet"));

    private static final Set<String> ANYWHERE =
            Set.of("io.millrace", "org.slf4j", "com.fasterxml.jackson.core", "com.fasterxml.jackson.dataformat");

    private static final Pattern FRAMEWORK = Pattern.compile(
            "^import (static )?(io\\.quarkus|io\\.smallrye|io\\.vertx|io\\.micrometer|org\\.eclipse\\.microprofile"
                    + "|org\\.springframework|jakarta\\.(enterprise|inject|ws|annotation|interceptor))\\b.*",
            Pattern.MULTILINE);

    private final Path root = Repository.root();

    @Test
    void eachModuleUsesOnlyTheModulesItMay() throws Exception {
        List<String> violations = new ArrayList<>();
        for (String module : Pom.modules(root)) {
            Set<String> allowed = MODULES_ALLOWED.get(module);
            assertThat(allowed).as("the table has a row for " + module).isNotNull();
            for (Pom.Dependency dependency : Pom.read(root, module).dependencies()) {
                if (dependency.ours() && !dependency.test() && !allowed.contains(dependency.artifact())) {
                    violations.add(module + " -> " + dependency.artifact());
                }
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void servicesMeetOnlyInStandalone() throws Exception {
        List<String> violations = new ArrayList<>();
        for (String service : SERVICES) {
            for (Pom.Dependency dependency : Pom.read(root, service).dependencies()) {
                if (dependency.ours() && SERVICES.contains(dependency.artifact())) {
                    violations.add(service + " -> " + dependency.artifact());
                }
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void testkitIsUsedByTestsAlone() throws Exception {
        List<String> violations = new ArrayList<>();
        for (String module : Pom.modules(root)) {
            for (Path file : sources(module, "main")) {
                if (!module.equals("testkit") && Repository.read(file).contains("import io.millrace.testkit.")) {
                    violations.add(root.relativize(file).toString());
                }
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void modulesBelowTheServicesUseOnlyTheirOwnThirdParties() throws Exception {
        List<String> violations = new ArrayList<>();
        for (Map.Entry<String, Set<String>> module : GROUPS_ALLOWED.entrySet()) {
            for (Pom.Dependency dependency : Pom.read(root, module.getKey()).dependencies()) {
                if (!dependency.test()
                        && !ANYWHERE.contains(dependency.group())
                        && !module.getValue().contains(dependency.group())) {
                    violations.add(module.getKey() + " -> " + dependency.group() + ":" + dependency.artifact());
                }
            }
        }
        assertThat(violations).isEmpty();
    }

    @Test
    void onlyServicesKnowAServiceFramework() {
        List<String> violations = new ArrayList<>();
        int scanned = 0;
        for (String module : GROUPS_ALLOWED.keySet()) {
            for (Path file : sources(module, "main")) {
                scanned++;
                FRAMEWORK
                        .matcher(Repository.read(file))
                        .results()
                        .forEach(match -> violations.add(root.relativize(file) + ": " + match.group()));
            }
        }
        assertThat(violations).isEmpty();
        assertThat(scanned).isGreaterThan(20);
    }

    private List<Path> sources(String module, String set) {
        Path tree = root.resolve(module).resolve("src").resolve(set);
        return Repository.files().stream()
                .filter(file -> file.startsWith(tree) && file.toString().endsWith(".java"))
                .toList();
    }

    private static Set<String> allModulesBut(String... excluded) {
        Set<String> all = new java.util.HashSet<>(CORES);
        all.addAll(SERVICES);
        all.addAll(Set.of("embedded", "bench", "testkit", "standalone"));
        all.removeAll(Set.of(excluded));
        return all;
    }
}
