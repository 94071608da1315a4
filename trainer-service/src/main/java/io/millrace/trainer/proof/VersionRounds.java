package io.millrace.trainer.proof;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.train.Archives;
import java.util.List;
import java.util.Optional;

/**
 * A page of the rounds that a version is made of, as the API shows it.
 *
 * @param total rounds on all pages, abandoned ones included
 */
@JsonNaming(SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_ABSENT)
public record VersionRounds(
        String adapter,
        String version,
        String label,
        int total,
        List<RoundView> rounds,
        Optional<String> nextPageToken) {
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 1_000;

    /**
     * @param limit 0: the default
     * @param pageToken empty: the first page
     * @throws MillraceException {@code unknown_adapter}, {@code bad_request}, {@code kafka_unavailable}
     */
    public static VersionRounds of(ProofContext context, VersionEntry version, int limit, String pageToken) {
        int from = from(pageToken);
        int atMost = atMost(limit);
        MadeOf made = MadeOf.of(
                context.journal()
                        .of(version.adapter())
                        .orElseThrow(() -> new MillraceException(
                                ErrorCode.UNKNOWN_ADAPTER, "the journal knows nothing of " + version.adapter())),
                context.rebuilds(),
                version);
        Archives archives = new Archives(context.store());
        List<RoundView> rounds = made.rounds(from, atMost).stream()
                .map(round -> RoundView.of(round, archives))
                .toList();
        int next = from + rounds.size();
        return new VersionRounds(
                version.adapter().toString(),
                version.id().hex(),
                version.ordinalName(),
                made.size(),
                rounds,
                next < made.size() ? Optional.of(Integer.toString(next)) : Optional.empty());
    }

    /** A token is the place of the first round in the version. */
    private static int from(String pageToken) {
        if (!pageToken.matches("[0-9]{0,9}")) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "'" + pageToken + "' is no page_token; take next_page_token of the last answer");
        }
        return pageToken.isEmpty() ? 0 : Integer.parseInt(pageToken);
    }

    private static int atMost(int limit) {
        if (limit < 0 || limit > MAX_LIMIT) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "limit must be 1 to " + MAX_LIMIT + ", not " + limit);
        }
        return limit == 0 ? DEFAULT_LIMIT : limit;
    }
}
