package io.millrace.trainer.train;

import io.millrace.core.LoraConfig;
import io.millrace.engine.train.AdapterState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A state off the device and off the heap: in a temporary file, which the operating system keeps in memory as long as
 * there is room, and which is gone with this process however that ends.
 */
final class ParkedState implements AutoCloseable {
    private final LoraConfig config;
    private final long step;
    private final FileChannel content;
    private final int sizeBytes;

    private ParkedState(LoraConfig config, long step, FileChannel content, int sizeBytes) {
        this.config = config;
        this.step = step;
        this.content = content;
        this.sizeBytes = sizeBytes;
    }

    /** @throws IOException where the temporary directory can't take it */
    static ParkedState of(AdapterState state) throws IOException {
        Path file = Files.createTempFile("millrace-state-", ".safetensors");
        FileChannel content = FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        try {
            ByteBuffer bytes = ByteBuffer.wrap(state.content());
            while (bytes.hasRemaining()) {
                content.write(bytes);
            }
        } catch (IOException e) {
            content.close();
            throw e;
        }
        return new ParkedState(state.config(), state.step(), content, state.content().length);
    }

    long sizeBytes() {
        return sizeBytes;
    }

    AdapterState state() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes);
        while (bytes.hasRemaining()) {
            if (content.read(bytes, bytes.position()) < 0) {
                throw new IOException("it ends after " + bytes.position() + " of " + sizeBytes + " bytes");
            }
        }
        return new AdapterState(config, step, bytes.array());
    }

    @Override
    public void close() throws IOException {
        content.close();
    }
}
