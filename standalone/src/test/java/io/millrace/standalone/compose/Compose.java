package io.millrace.standalone.compose;

import io.millrace.standalone.architecture.Repository;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Compose files as {@code docker compose} reads them: later ones over earlier ones, variables put in.
 *
 * @param volumes named ones
 */
record Compose(Map<String, Service> services, Set<String> volumes) {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)(?::([-?])([^}]*))?}");

    /**
     * @param dependsOn condition by service
     * @param mounts {@code volume:path[:ro]}
     */
    record Service(
            String name,
            Optional<String> image,
            Optional<Build> build,
            Map<String, String> environment,
            List<String> command,
            List<String> ports,
            List<String> healthCheck,
            Map<String, String> dependsOn,
            List<String> mounts) {

        /** Of this repository's Dockerfiles. */
        Build ownBuild() {
            return build.orElseThrow(() -> new AssertionError(name + " is not built here"));
        }

        /** The ports inside that are published, each on the address given. */
        Map<Integer, String> published() {
            return ports.stream()
                    .map(port -> port.split(":", -1))
                    .collect(Collectors.toMap(p -> Integer.parseInt(p[p.length - 1]), p -> p[0]));
        }
    }

    /** How an image is made of this repository. */
    record Build(Path context, Path dockerfile, String target, Map<String, String> arguments) {}

    /** @param environment where variables come from, as a shell's */
    static Compose read(Map<String, String> environment, String... files) {
        Map<String, Object> merged = new LinkedHashMap<>();
        for (String file : files) {
            Object parsed = new Yaml(new SafeConstructor(new LoaderOptions()))
                    .load(Repository.read(Repository.root().resolve(file)));
            merge(merged, map(parsed));
        }
        Map<String, Object> document = map(interpolated(merged, environment));
        Map<String, Service> services = new LinkedHashMap<>();
        map(document.get("services")).forEach((name, service) -> services.put(name, service(name, map(service))));
        return new Compose(services, map(document.get("volumes")).keySet());
    }

    Service service(String name) {
        return Optional.ofNullable(services.get(name))
                .orElseThrow(() -> new AssertionError("no service " + name + " among " + services.keySet()));
    }

    private static Service service(String name, Map<String, Object> yaml) {
        Map<String, String> dependsOn = new LinkedHashMap<>();
        map(yaml.get("depends_on")).forEach((other, how) -> dependsOn.put(other, text(map(how).get("condition"))));
        return new Service(
                name,
                Optional.ofNullable(yaml.get("image")).map(Compose::text),
                Optional.ofNullable(yaml.get("build")).map(build -> build(map(build))),
                texts(map(yaml.get("environment"))),
                list(yaml.get("command")),
                list(yaml.get("ports")),
                list(map(yaml.get("healthcheck")).get("test")),
                dependsOn,
                list(yaml.get("volumes")));
    }

    private static Build build(Map<String, Object> yaml) {
        Path context = Repository.root().resolve(text(yaml.get("context"))).normalize();
        return new Build(
                context,
                context.resolve(text(yaml.get("dockerfile"))).normalize(),
                text(yaml.get("target")),
                texts(map(yaml.get("args"))));
    }

    private static void merge(Map<String, Object> into, Map<String, Object> over) {
        over.forEach((key, value) -> {
            if (value instanceof Map<?, ?> && into.get(key) instanceof Map<?, ?> existing) {
                Map<String, Object> both = new LinkedHashMap<>(map(existing));
                merge(both, map(value));
                into.put(key, both);
            } else {
                into.put(key, value);
            }
        });
    }

    private static Object interpolated(Object node, Map<String, String> environment) {
        if (node instanceof Map<?, ?> map) {
            Map<String, Object> copy = new LinkedHashMap<>();
            map(map).forEach((key, value) -> copy.put(key, interpolated(value, environment)));
            return copy;
        }
        if (node instanceof List<?> list) {
            return list.stream().map(item -> interpolated(item, environment)).toList();
        }
        return node instanceof String text ? interpolated(text, environment) : node;
    }

    private static String interpolated(String text, Map<String, String> environment) {
        return VARIABLE.matcher(text).replaceAll(found -> {
            String value = environment.getOrDefault(found.group(1), "");
            if (value.isEmpty() && "?".equals(found.group(2))) {
                throw new IllegalArgumentException(found.group(1) + ": " + found.group(3));
            }
            String otherwise = "-".equals(found.group(2)) ? found.group(3) : "";
            return Matcher.quoteReplacement(value.isEmpty() ? otherwise : value);
        });
    }

    @SuppressWarnings("unchecked") // YAML's keys are text here; anything else fails where it is read
    private static Map<String, Object> map(Object yaml) {
        return yaml == null ? Map.of() : (Map<String, Object>) yaml;
    }

    private static Map<String, String> texts(Map<String, Object> yaml) {
        Map<String, String> texts = new LinkedHashMap<>();
        yaml.forEach((key, value) -> texts.put(key, text(value)));
        return texts;
    }

    private static List<String> list(Object yaml) {
        return yaml == null
                ? List.of()
                : ((List<?>) yaml).stream().map(Compose::text).toList();
    }

    private static String text(Object yaml) {
        return yaml == null ? "" : String.valueOf(yaml);
    }
}
