package io.millrace.standalone.system;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * How a system in one JVM is started.
 *
 * @param host address to bind HTTP to; Kafka and the object store stay on the loopback address
 * @param port of HTTP
 * @param token what requests must carry; required where the host isn't a loopback address
 * @param settings further settings of the services, by key, above environment and files
 */
public record SystemOptions(
        Path dataDir,
        String base,
        String host,
        int port,
        int kafkaPort,
        int s3Port,
        Optional<String> token,
        Map<String, String> settings) {

    public static final String LOOPBACK = "127.0.0.1";

    /** What {@code demo} and {@code up} run on where nothing else is said. */
    public static final String DEFAULT_BASE = "smollm2-135m-instruct";

    public SystemOptions {
        dataDir = dataDir.toAbsolutePath().normalize();
        settings = Map.copyOf(settings);
        if (token.isEmpty() && !isLoopback(host)) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "binding to " + host + " needs a token: set MILLRACE_TOKEN or --token, or stay on " + LOOPBACK);
        }
    }

    /** Where clients on this machine find it. */
    public String url() {
        return "http://" + (isLoopback(host) || host.equals("0.0.0.0") ? LOOPBACK : host) + ":" + port;
    }

    private static boolean isLoopback(String host) {
        try {
            return Arrays.stream(InetAddress.getAllByName(host)).allMatch(InetAddress::isLoopbackAddress);
        } catch (UnknownHostException e) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "'" + host + "' is no address of this machine; use " + LOOPBACK, e);
        }
    }
}
