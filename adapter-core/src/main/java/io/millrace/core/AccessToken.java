package io.millrace.core;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.Set;

/** The bearer token that requests must carry, where one is set. */
public final class AccessToken {
    private static final String BEARER = "Bearer ";
    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");

    private final Optional<String> token;

    public AccessToken(Optional<String> token) {
        this.token = token.filter(t -> !t.isBlank());
    }

    /** @param authorization the header of that name; may be null */
    public boolean allows(String authorization) {
        if (token.isEmpty()) {
            return true;
        }
        String given = authorization != null && authorization.startsWith(BEARER)
                ? authorization.substring(BEARER.length())
                : "";
        return MessageDigest.isEqual(
                given.getBytes(StandardCharsets.UTF_8), token.get().getBytes(StandardCharsets.UTF_8));
    }

    /** @throws MillraceException {@code bad_setting} where others could reach the host without a token */
    public void requireFor(String host) {
        if (token.isEmpty() && !LOOPBACK.contains(host)) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "quarkus.http.host is " + host + ", which others can reach: set millrace.token, or bind 127.0.0.1");
        }
    }
}
