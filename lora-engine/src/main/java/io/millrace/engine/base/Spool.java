package io.millrace.engine.base;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that takes what doesn't have to stay in memory, and maps it when it is needed again. */
final class Spool implements AutoCloseable {
    private final FileChannel channel;

    /** Where a piece stands. */
    record Piece(long offset, int bytes) {}

    Spool(Path file) throws IOException {
        channel = FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
    }

    Piece append(ByteBuffer data) throws IOException {
        ByteBuffer bytes = data.duplicate();
        Piece piece = new Piece(channel.size(), bytes.remaining());
        for (long at = piece.offset(); bytes.hasRemaining(); ) {
            at += channel.write(bytes, at);
        }
        return piece;
    }

    ByteBuffer read(Piece piece) throws IOException {
        return channel.map(FileChannel.MapMode.READ_ONLY, piece.offset(), piece.bytes());
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
