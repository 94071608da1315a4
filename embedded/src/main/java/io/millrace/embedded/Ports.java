package io.millrace.embedded;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports of the loopback address. */
public final class Ports {
    static final String LOOPBACK = "127.0.0.1";

    private Ports() {}

    /**
     * Checks that a server can listen there: the broker would end the JVM where it can't.
     *
     * @param whose who wants the port, as {@code Kafka}
     * @throws MillraceException {@code port_taken}
     */
    public static void requireFree(int port, String whose) {
        try {
            bind(port).close();
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.PORT_TAKEN,
                    "port " + port + " of " + LOOPBACK + ", which " + whose + " needs, can't be used (" + e.getMessage()
                            + "); stop what listens there or choose another port",
                    e);
        }
    }

    /** Two different ports that nothing listens on at this moment. */
    static int[] twoFree() {
        try (ServerSocket one = bind(0);
                ServerSocket two = bind(0)) {
            return new int[] {one.getLocalPort(), two.getLocalPort()};
        } catch (IOException e) {
            throw new UncheckedIOException("no free port on " + LOOPBACK, e);
        }
    }

    private static ServerSocket bind(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            socket.setReuseAddress(true); // a port in TIME_WAIT can be listened on again
            socket.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port));
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
