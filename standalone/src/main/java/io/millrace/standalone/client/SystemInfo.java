package io.millrace.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What a running system tells of itself ({@code GET /api/v1/info}).
 *
 * @param kafka {@code host:port} of its Kafka
 * @param topicPrefix what its topics' names start with
 * @param store address of its object store
 */
public record SystemInfo(String kafka, String topicPrefix, String base, String store) {

    public static SystemInfo of(ServerClient server) {
        JsonNode info = server.get("/api/v1/info");
        return new SystemInfo(
                info.path("kafka").path("bootstrap_servers").asText(),
                info.path("kafka").path("topic_prefix").asText("millrace."),
                info.path("base").path("name").asText(),
                info.path("store").path("endpoint").asText());
    }
}
