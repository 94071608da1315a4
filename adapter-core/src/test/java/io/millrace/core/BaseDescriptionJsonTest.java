package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BaseDescriptionJsonTest {

    @Test
    void whatWasWrittenIsRead() {
        BaseDescription plain = base(Optional.empty(), Optional.empty());
        BaseDescription full = base(Optional.of(new BaseDescription.Llama3Scaling(8, 1, 4.5, 8192)), Optional.of(1));

        assertThat(BaseDescriptionJson.read(BaseDescriptionJson.write(plain))).isEqualTo(plain);
        assertThat(BaseDescriptionJson.read(BaseDescriptionJson.write(full))).isEqualTo(full);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{}", "{\"id\": 3}"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> BaseDescriptionJson.read(text))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_BASE));
    }

    private static BaseDescription base(Optional<BaseDescription.Llama3Scaling> scaling, Optional<Integer> bos) {
        return new BaseDescription(
                Digest.of("base"),
                "tiny",
                "llama",
                64,
                32,
                48,
                2,
                4,
                2,
                8,
                128,
                1e-5,
                true,
                new BaseDescription.Rope(10000.5, scaling),
                bos,
                List.of(2, 3),
                BaseDescription.Quantisation.NF4);
    }
}
