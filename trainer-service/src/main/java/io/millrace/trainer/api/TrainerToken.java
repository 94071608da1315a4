package io.millrace.trainer.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerConfig;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;

/** The bearer token that requests must carry, where one is set. */
@Singleton
public final class TrainerToken {
    private final Optional<String> token;

    public TrainerToken(TrainerConfig config) {
        this.token = config.token();
    }

    /**
     * @param authorization the header of that name; may be null
     * @throws MillraceException {@code unauthorized}
     */
    void require(String authorization) {
        if (token.isEmpty()) {
            return;
        }
        byte[] expected = ("Bearer " + token.get()).getBytes(StandardCharsets.UTF_8);
        byte[] given = Optional.ofNullable(authorization).orElse("").getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(expected, given)) {
            throw new MillraceException(
                    ErrorCode.UNAUTHORIZED,
                    "this trainer asks for a token; send 'Authorization: Bearer <millrace.token>'");
        }
    }
}
