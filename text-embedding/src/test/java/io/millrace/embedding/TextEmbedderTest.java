package io.millrace.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.model.embedding.onnx.allminilml6v2q.AllMiniLmL6V2QuantizedEmbeddingModel;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TextEmbedderTest {
    private static TextEmbedder embedder;

    @BeforeAll
    static void load() {
        embedder = new TextEmbedder(1);
    }

    @AfterAll
    static void close() {
        embedder.close();
    }

    @Test
    void agreesWithTheModelAsItsPublisherRunsIt() {
        // Given
        var reference = new AllMiniLmL6V2QuantizedEmbeddingModel();
        String text = "What lowers your credit score?";

        // When
        float[] ours = embedder.embed(text);

        // Then
        float[] theirs = reference.embed(text).content().vector();
        assertThat(Vectors.dot(ours, theirs)).isCloseTo(1, within(1e-5));
        assertThat(ours).hasSize(TextEmbedder.DIMENSION);
    }

    @Test
    void putsRelatedSentencesNearerThanUnrelatedOnes() {
        // Given
        float[] transfer = embedder.embed("Send twenty dollars to my sister");
        float[] payment = embedder.embed("Please wire money to a friend");
        float[] weather = embedder.embed("Will it rain in Lisbon tomorrow?");

        // Then
        assertThat(Vectors.dot(transfer, payment)).isGreaterThan(Vectors.dot(transfer, weather) + 0.2);
    }

    @Test
    void takesEmptyAndVeryLongTexts() {
        for (String text : List.of("", " \n", "a word and another ".repeat(2000))) {
            // When
            float[] vector = embedder.embed(text);

            // Then
            assertThat(Vectors.dot(vector, vector)).isCloseTo(1, within(1e-5));
        }
    }

    @Test
    void manyThreadsGetTheVectorThatOneGets() throws Exception {
        // Given
        List<String> texts = IntStream.range(0, 32)
                .mapToObj(i -> "request number " + i + " about " + "things ".repeat(i))
                .toList();
        List<float[]> alone = embedder.embedAll(texts);

        // When
        ForkJoinPool pool = new ForkJoinPool(4);
        List<float[]> together;
        try {
            together = pool.submit(
                            () -> texts.parallelStream().map(embedder::embed).toList())
                    .get();
        } finally {
            pool.shutdown();
        }

        // Then
        for (int i = 0; i < texts.size(); i++) {
            assertThat(together.get(i)).isEqualTo(alone.get(i));
        }
    }

    @Test
    void runsBesidePyTorchInOneJvm() {
        // Given
        float[] before = embedder.embed("beside each other");

        // When
        float product;
        try (var manager = ai.djl.ndarray.NDManager.newBaseManager(ai.djl.Device.cpu(), "PyTorch");
                var x = manager.create(new float[] {1, 2, 3});
                var y = x.mul(x);
                var sum = y.sum()) {
            product = sum.getFloat();
        }

        // Then
        assertThat(product).isEqualTo(14f);
        assertThat(embedder.embed("beside each other")).isEqualTo(before);
    }
}
