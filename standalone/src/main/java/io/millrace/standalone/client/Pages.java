package io.millrace.standalone.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Reads lists that come in pages. */
public final class Pages {
    private Pages() {}

    /** All entries of the array {@code field}, over all pages. */
    public static List<JsonNode> all(ServerClient client, String path, String field) {
        List<JsonNode> entries = new ArrayList<>();
        each(client, path, field, entries::add);
        return entries;
    }

    /** As {@link #all}, one after another: no more than a page is held. */
    public static void each(ServerClient client, String path, String field, Consumer<JsonNode> entry) {
        String token = "";
        do {
            JsonNode page = client.get(
                    path + (token.isEmpty() ? "" : "?page_token=" + URLEncoder.encode(token, StandardCharsets.UTF_8)));
            page.path(field).forEach(entry);
            token = page.path("next_page_token").asText("");
        } while (!token.isEmpty());
    }
}
