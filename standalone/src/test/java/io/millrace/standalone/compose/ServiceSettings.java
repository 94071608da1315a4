package io.millrace.standalone.compose;

import io.millrace.registry.service.RegistryConfig;
import io.millrace.router.RouterConfig;
import io.millrace.standalone.architecture.Repository;
import io.millrace.trainer.TrainerConfig;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.ConfigMappings;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a service reads, from its own code: the properties of its configuration mapping, and those of Quarkus that its
 * {@code application.properties} sets.
 */
record ServiceSettings(Set<String> mapped, Properties own) {
    private static final Map<String, Class<?>> MAPPINGS = Map.of(
            "trainer-service", TrainerConfig.class,
            "registry-service", RegistryConfig.class,
            "router-service", RouterConfig.class);

    static Set<String> services() {
        return MAPPINGS.keySet();
    }

    static ServiceSettings of(String service) {
        Class<?> mapping = MAPPINGS.get(service);
        String prefix = mapping.getAnnotation(ConfigMapping.class).prefix();
        Properties own = new Properties();
        try {
            own.load(new StringReader(Repository.read(
                    Repository.root().resolve(service).resolve("src/main/resources/application.properties"))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new ServiceSettings(
                ConfigMappings.getProperties(new ConfigMappings.ConfigClass(mapping, prefix))
                        .keySet(),
                own);
    }

    /** The environment variables that set something, by the rule of MicroProfile Config. */
    Set<String> variables() {
        return Stream.concat(mapped.stream(), own.stringPropertyNames().stream())
                .map(name -> name.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
    }

    int port() {
        return Integer.parseInt(own.getProperty("quarkus.http.port"));
    }
}
