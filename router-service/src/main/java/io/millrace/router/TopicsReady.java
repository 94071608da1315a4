package io.millrace.router;

import io.millrace.core.MillraceException;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes sure, in the background, that the topics exist as they must be. */
final class TopicsReady implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TopicsReady.class);

    private final TopicBootstrap bootstrap;
    private final Thread thread;

    TopicsReady(KafkaSettings kafka) {
        this.bootstrap = new TopicBootstrap(kafka);
        this.thread = new Thread(
                () -> {
                    try {
                        bootstrap.ensure(kafka.specs());
                    } catch (MillraceException e) {
                        LOG.error("the topics can't be used: {}", e.getMessage());
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "router-topics");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Why the topics can't be used; empty: they can. */
    Optional<String> problem() {
        TopicBootstrap.Status status = bootstrap.status();
        if (status instanceof TopicBootstrap.Status.Waiting waiting) {
            return Optional.of(waiting.detail());
        }
        return status instanceof TopicBootstrap.Status.Refused refused
                ? Optional.of(refused.error().getMessage())
                : Optional.empty();
    }

    @Override
    public void close() throws InterruptedException {
        thread.interrupt();
        thread.join(5_000);
    }
}
