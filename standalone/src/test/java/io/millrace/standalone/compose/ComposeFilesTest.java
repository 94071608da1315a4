package io.millrace.standalone.compose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.standalone.architecture.Repository;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What would only be seen where Docker is: each mistake in the files that reading them can find. */
class ComposeFilesTest {
    private static final Map<String, String> SHELL = Map.of("MILLRACE_TOKEN", "secret");
    private static final Compose CPU = Compose.read(SHELL, "docker-compose.yml");
    private static final Compose GPU = Compose.read(SHELL, "docker-compose.yml", "docker-compose.gpu.yml");
    private static final List<Compose> BOTH = List.of(CPU, GPU);

    /** A tag that says which version, or a digest. */
    private static final Pattern PINNED =
            Pattern.compile(".+:[^:/]*\\d+\\.\\d+[^:/]*|.+:RELEASE\\.[0-9TZ-]+|.+@sha256:.+");

    @Test
    void theServicesAreThoseOfTheBuild() {
        assertThat(CPU.services().keySet())
                .containsAll(ServiceSettings.services())
                .contains("kafka", "object-store", "base");
        assertThat(GPU.services().keySet()).isEqualTo(CPU.services().keySet());
    }

    @Test
    void eachVariableIsOneThatTheServiceReads() {
        for (Compose compose : BOTH) {
            for (String service : ServiceSettings.services()) {
                assertThat(ServiceSettings.of(service).variables())
                        .as(service)
                        .containsAll(compose.service(service).environment().keySet());
            }
        }
    }

    @Test
    void whatServicesShareIsTheSameForAll() {
        List<Map<String, String>> shared = ServiceSettings.services().stream()
                .map(service -> CPU.service(service).environment())
                .map(environment -> Map.copyOf(environment.entrySet().stream()
                        .filter(e -> e.getKey().matches("MILLRACE_(KAFKA|S3)_.*|MILLRACE_(BASE|TOKEN)"))
                        .collect(java.util.stream.Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue))))
                .toList();

        assertThat(shared).allMatch(shared.get(0)::equals);
        assertThat(shared.get(0))
                .containsKeys(
                        "MILLRACE_KAFKA_BOOTSTRAP_SERVERS", "MILLRACE_S3_ENDPOINT", "MILLRACE_BASE", "MILLRACE_TOKEN");
    }

    @Test
    void eachVariableOfKafkaIsOneOfItsSettings() {
        Set<String> settings = AbstractKafkaConfig.CONFIG_DEF.names();

        for (String variable : CPU.service("kafka").environment().keySet()) {
            assertThat(variable).startsWith("KAFKA_");
            assertThat(settings)
                    .contains(variable.substring("KAFKA_".length())
                            .toLowerCase(Locale.ROOT)
                            .replace('_', '.'));
        }
    }

    @Test
    void addressesLeadToServicesThatListenThere() {
        Compose.Service kafka = CPU.service("kafka");
        Compose.Service store = CPU.service("object-store");
        for (String name : ServiceSettings.services()) {
            Map<String, String> environment = CPU.service(name).environment();
            assertThat(kafka.environment().get("KAFKA_ADVERTISED_LISTENERS"))
                    .contains("://" + environment.get("MILLRACE_KAFKA_BOOTSTRAP_SERVERS"));
            URI endpoint = URI.create(environment.get("MILLRACE_S3_ENDPOINT"));
            assertThat(endpoint.getHost()).isEqualTo(store.name());
            assertThat(store.published()).containsKey(endpoint.getPort());
            assertThat(environment)
                    .containsEntry("MILLRACE_S3_ACCESS_KEY", store.environment().get("MINIO_ROOT_USER"))
                    .containsEntry("MILLRACE_S3_SECRET_KEY", store.environment().get("MINIO_ROOT_PASSWORD"));
        }
        CPU.service("registry-service").environment().forEach((variable, value) -> {
            if (variable.endsWith("_URL")) {
                URI url = URI.create(value);
                assertThat(url.getPort())
                        .isEqualTo(ServiceSettings.of(url.getHost()).port());
            }
        });
    }

    @Test
    void portsAndHealthChecksAreTheServicesOwn() {
        for (Compose compose : BOTH) {
            for (String name : ServiceSettings.services()) {
                int port = ServiceSettings.of(name).port();
                Compose.Service service = compose.service(name);

                assertThat(service.published()).containsOnlyKeys(port);
                assertThat(service.healthCheck())
                        .startsWith("CMD", "curl")
                        .endsWith("http://127.0.0.1:" + port + "/q/health/ready");
                assertThat(service.dependsOn())
                        .containsEntry("kafka", "service_healthy")
                        .containsEntry("object-store", "service_healthy");
            }
        }
        for (Compose.Service service : CPU.services().values()) {
            assertThat(service.published().values()).as(service.name()).allMatch("127.0.0.1"::equals);
            service.dependsOn().forEach((other, condition) -> {
                if (condition.equals("service_healthy")) {
                    assertThat(CPU.service(other).healthCheck()).as(other).isNotEmpty();
                }
            });
        }
    }

    @Test
    void withoutATokenNothingStarts() {
        assertThatThrownBy(() -> Compose.read(Map.of(), "docker-compose.yml")).hasMessageContaining("MILLRACE_TOKEN");
    }

    @Test
    void volumesAreNamedAndWhereTheSettingsPoint() {
        List<String> used = new ArrayList<>();
        for (Compose.Service service : CPU.services().values()) {
            List<String> paths = new ArrayList<>();
            for (String mount : service.mounts()) {
                String[] parts = mount.split(":", -1);
                used.add(parts[0]);
                paths.add(parts[1]);
            }
            service.environment().forEach((variable, value) -> {
                if (variable.matches("MILLRACE_(BASE|DATA)_DIR|KAFKA_LOG_DIRS")) {
                    assertThat(paths).as(service.name() + " " + variable).contains(value);
                }
            });
        }
        assertThat(CPU.volumes()).containsExactlyInAnyOrderElementsOf(Set.copyOf(used));
    }

    @Test
    void theBaseIsPulledToWhereItIsRead() {
        Compose.Service base = CPU.service("base");
        Compose.Service trainer = CPU.service("trainer-service");

        assertThat(base.command())
                .containsExactly(
                        "base",
                        "pull",
                        trainer.environment().get("MILLRACE_BASE"),
                        "--base-dir",
                        trainer.environment().get("MILLRACE_BASE_DIR"));
        for (String reader : List.of("trainer-service", "router-service")) {
            assertThat(CPU.service(reader).dependsOn()).containsEntry("base", "service_completed_successfully");
            assertThat(CPU.service(reader).mounts()).contains(base.mounts().get(0) + ":ro");
        }
    }

    @Test
    void imagesArePinned() {
        List<String> images = new ArrayList<>();
        for (Compose compose : BOTH) {
            compose.services().values().forEach(service -> service.image().ifPresent(images::add));
            builds(compose)
                    .forEach(build ->
                            images.addAll(Dockerfile.read(build.dockerfile()).images()));
        }

        assertThat(images).hasSizeGreaterThan(4).allMatch(PINNED.asMatchPredicate());
        assertThat(CPU.service("kafka").image()).contains("apache/kafka:" + property("kafka.version"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"docker/Dockerfile", "docker/Dockerfile.gpu"})
    void eachDockerfileIsUsed(String file) {
        assertThat(BOTH.stream().flatMap(compose -> builds(compose).stream()))
                .extracting(Compose.Build::dockerfile)
                .contains(Repository.root().resolve(file));
    }

    @Test
    void imagesTakeWhatTheBuildMakesAndRunAsNobodySpecial() throws Exception {
        String ignored = Files.readString(Repository.root().resolve(".dockerignore"));
        for (Compose compose : BOTH) {
            for (Compose.Build build : builds(compose)) {
                Dockerfile dockerfile = Dockerfile.read(build.dockerfile());
                String module = build.arguments().get("SERVICE");

                assertThat(dockerfile.copied(build.target(), build.arguments()).stream()
                                .filter(copied -> copied.from().isEmpty())
                                .map(copied -> Path.of(copied.source()).toString() + " -> "
                                        + Path.of(copied.target()).toString()))
                        .as(module)
                        .containsExactlyInAnyOrderElementsOf(partsOf(module));
                // By name: a pattern that begins with a wildcard doesn't open a folder to the classic builder.
                assertThat(ignored.lines()).contains("!" + module + "/target/quarkus-app/**");
                assertThat(dockerfile.user(build.target())).isEqualTo("millrace");
                assertThat(dockerfile.entryPoint(build.target()))
                        .startsWith("java")
                        .endsWith("quarkus-run.jar");
            }
        }
        assertThat(ignored.lines()).contains("**");
    }

    @Test
    void theGpuImagesBringTheLibrariesOfTheVersionThatTheBindingsAreOf() {
        for (String service : List.of("trainer-service", "router-service")) {
            Compose.Build build = GPU.service(service).ownBuild();
            Dockerfile dockerfile = Dockerfile.read(build.dockerfile());

            assertThat(dockerfile.environment(build.target()))
                    .containsEntry("PYTORCH_VERSION", property("pytorch.version"))
                    .containsEntry("PYTORCH_FLAVOR", "cu128")
                    .containsEntry("PYTORCH_LIBRARY_PATH", "/opt/torch/torch/lib");
            assertThat(dockerfile.of("torch"))
                    .anyMatch(run -> run.arguments().contains("torch==" + property("pytorch.version"))
                            && run.arguments().contains("--target /opt/torch"));
            assertThat(dockerfile.copied(build.target(), build.arguments()))
                    .contains(new Dockerfile.Copied("torch", "/opt/torch", "/opt/torch"));
            assertThat(GPU.service(service).environment()).containsEntry("MILLRACE_DEVICE", "cuda:0");
        }
        assertThat(GPU.service("registry-service").build())
                .isEqualTo(CPU.service("registry-service").build());
    }

    @Test
    void bothDockerfilesStartServicesTheSameWay() {
        Dockerfile cpu =
                Dockerfile.read(CPU.service("trainer-service").ownBuild().dockerfile());
        Dockerfile gpu =
                Dockerfile.read(GPU.service("trainer-service").ownBuild().dockerfile());

        assertThat(gpu.entryPoint("service")).isEqualTo(cpu.entryPoint("service"));
        assertThat(gpu.environment("service")).containsAllEntriesOf(cpu.environment("service"));
    }

    /** Quarkus's fast-jar layout. */
    private static List<String> partsOf(String module) {
        return List.of("lib", "quarkus", "app", "quarkus-run.jar").stream()
                .map(part -> module + "/target/quarkus-app/" + part + " -> " + part)
                .toList();
    }

    private static List<Compose.Build> builds(Compose compose) {
        return compose.services().values().stream()
                .flatMap(service -> service.build().stream())
                .toList();
    }

    private static String property(String name) {
        String pom = Repository.read(Repository.root().resolve("pom.xml"));
        return pom.substring(pom.indexOf("<" + name + ">") + name.length() + 2, pom.indexOf("</" + name + ">"));
    }
}
