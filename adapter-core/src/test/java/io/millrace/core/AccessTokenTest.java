package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class AccessTokenTest {

    @Test
    void withoutATokenOnlyLoopbackIsBound() {
        AccessToken none = new AccessToken(Optional.of(" "));

        assertThatCode(() -> none.requireFor("127.0.0.1")).doesNotThrowAnyException();
        assertThatThrownBy(() -> none.requireFor("0.0.0.0"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("millrace.token");
        assertThatCode(() -> new AccessToken(Optional.of("t")).requireFor("0.0.0.0"))
                .doesNotThrowAnyException();
    }

    @Test
    void theTokenMustBeTheVerySame() {
        AccessToken token = new AccessToken(Optional.of("secret"));

        assertThat(token.allows("Bearer secret")).isTrue();
        assertThat(token.allows("Bearer secre")).isFalse();
        assertThat(token.allows("secret")).isFalse();
        assertThat(token.allows(null)).isFalse();
        assertThat(new AccessToken(Optional.empty()).allows(null)).isTrue();
    }
}
