package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/** Tells good versions from bad ones. */
interface VersionTest {

    /** What it says of a version. */
    enum Verdict {
        GOOD,
        BAD,
        SKIPPED
    }

    /**
     * Of one version.
     *
     * @param version as the registry shows it
     */
    Verdict of(JsonNode version);

    /** What it adds to the result, once all is tested. */
    default Map<String, Object> found() {
        return Map.of();
    }

    /** How people read which version it is. */
    static String label(JsonNode version) {
        return version.path("label").asText() + " " + version.path("version").asText();
    }
}
