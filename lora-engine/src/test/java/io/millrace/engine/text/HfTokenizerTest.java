package io.millrace.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HfTokenizerTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void load() throws IOException {
        tokenizer = HfTokenizer.load(
                Files.readAllBytes(Path.of("src/test/resources/golden/models/tiny-llama/tokenizer.json")));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a", "naïve 你好 🙂👩‍👩‍👧", "\u0000\t\r\n", "  two  spaces  ", "<|im_start|>user"})
    void textComesBack(String text) {
        assertThat(tokenizer.decode(tokenizer.encode(text), false)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "naïve 你好 🙂👩‍👩‍👧 done", "plain text, several words"})
    void aStreamGivesTheSameTextInWholeCharacters(String text) {
        // Given the ids of a text with characters of several bytes
        Tokenizer.StreamDecoder stream = tokenizer.streamDecoder();
        StringBuilder shown = new StringBuilder();

        // When they come one by one
        for (int id : tokenizer.encode(text)) {
            String piece = stream.next(id);
            assertThat(piece).doesNotContain("\ufffd");
            shown.append(piece);
        }

        // Then nothing is shown broken, and in the end all of it
        assertThat(shown + stream.flush()).isEqualTo(text);
    }

    @Test
    void anUnfinishedCharacterComesWithTheFlush() {
        int[] ids = tokenizer.encode("a🙂");
        Tokenizer.StreamDecoder stream = tokenizer.streamDecoder();
        assertThat(stream.next(ids[0])).isEqualTo("a");
        assertThat(stream.next(ids[1])).isEmpty();
        assertThat(stream.flush()).contains("\ufffd");
    }

    @Test
    void bytesThatNeverMakeACharacterAreShownInTheEnd() {
        // Given a byte that begins a character of four, over and over
        int[] smile = tokenizer.encode("🙂");
        Tokenizer.StreamDecoder stream = tokenizer.streamDecoder();
        StringBuilder shown = new StringBuilder();

        // When more of them come than any character has, then they don't pile up
        for (int i = 0; i < 100; i++) {
            shown.append(stream.next(smile[0]));
        }
        assertThat(shown.length()).isGreaterThan(50);
    }

    @Test
    void specialTokensAreLeftOutOnDemand() {
        int[] ids = tokenizer.encode("<|im_start|>a<|im_end|>");
        assertThat(tokenizer.decode(ids, true)).isEqualTo("a");
        assertThat(tokenizer.decode(ids, false)).isEqualTo("<|im_start|>a<|im_end|>");
    }

    @Test
    void halfASurrogateIsReplaced() {
        assertThat(tokenizer.decode(tokenizer.encode("a\ud83dz"), false)).isEqualTo("a\ufffdz");
    }

    @Test
    void aFileThatIsNoTokenizerIsRefused() {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> HfTokenizer.load("{\"model\": 3}".getBytes(StandardCharsets.UTF_8)))
                .withMessageContaining("tokenizer.json");
    }
}
