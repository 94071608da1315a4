package io.millrace.trainer.api;

import io.millrace.core.AccessToken;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.trainer.TrainerConfig;
import jakarta.inject.Singleton;

/** The bearer token that requests must carry, where one is set. */
@Singleton
public final class TrainerToken {
    private final AccessToken token;

    public TrainerToken(TrainerConfig config) {
        this.token = new AccessToken(config.token());
    }

    /**
     * @param authorization the header of that name; may be null
     * @throws MillraceException {@code unauthorized}
     */
    void require(String authorization) {
        if (!token.allows(authorization)) {
            throw new MillraceException(
                    ErrorCode.UNAUTHORIZED,
                    "this trainer asks for a token; send 'Authorization: Bearer <millrace.token>'");
        }
    }
}
