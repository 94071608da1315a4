package io.millrace.registry.service.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Lists page by page: at most {@code limit} of them, after the one that the token names. */
public final class Paging {
    public static final int DEFAULT_LIMIT = 100;
    public static final int MAX_LIMIT = 1_000;

    private Paging() {}

    /** @param next token of the next page, where there is one */
    public record Page<T>(List<T> items, Optional<String> next) {
        public <R> List<R> map(Function<T, R> function) {
            return items.stream().map(function).toList();
        }
    }

    /**
     * A page of a list whose order and whose items' keys don't change.
     *
     * @param limit 0: the default
     * @param token empty: the first page
     * @param key what names an item in a token
     * @throws MillraceException {@code bad_request} for a limit out of bounds, or a token that isn't one
     */
    public static <T> Page<T> page(List<T> all, int limit, String token, Function<T, String> key) {
        int from = token.isEmpty() ? 0 : after(all, decode(token), key);
        return slice(all, from, limit, key);
    }

    /** A page of a list of versions or the like, whose tokens are places in it. */
    public static <T> Page<T> pageByPlace(List<T> all, int limit, String token) {
        int from = 0;
        if (!token.isEmpty()) {
            String place = decode(token);
            if (!place.matches("[0-9]{1,9}")) {
                throw badToken(token);
            }
            from = Math.min(Integer.parseInt(place), all.size());
        }
        int to = Math.min(all.size(), from + checked(limit));
        return new Page<>(
                List.copyOf(all.subList(from, to)),
                to < all.size() ? Optional.of(encode(Integer.toString(to))) : Optional.empty());
    }

    private static <T> Page<T> slice(List<T> all, int from, int limit, Function<T, String> key) {
        int to = Math.min(all.size(), from + checked(limit));
        List<T> items = List.copyOf(all.subList(from, to));
        return new Page<>(
                items,
                to < all.size() ? Optional.of(encode(key.apply(items.get(items.size() - 1)))) : Optional.empty());
    }

    private static <T> int after(List<T> all, String last, Function<T, String> key) {
        int index = 0;
        Predicate<T> passed = item -> key.apply(item).compareTo(last) <= 0;
        for (T item : all) {
            if (!passed.test(item)) {
                break;
            }
            index++;
        }
        return index;
    }

    private static int checked(int limit) {
        if (limit < 0 || limit > MAX_LIMIT) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "limit must be 1 to " + MAX_LIMIT + ", not " + limit);
        }
        return limit == 0 ? DEFAULT_LIMIT : limit;
    }

    private static String encode(String key) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(key.getBytes(StandardCharsets.UTF_8));
    }

    private static String decode(String token) {
        try {
            return new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "'" + token + "' is no page_token; take next_page_token of the last answer",
                    e);
        }
    }

    private static MillraceException badToken(String token) {
        return new MillraceException(
                ErrorCode.BAD_REQUEST, "'" + token + "' is no page_token; take next_page_token of the last answer");
    }
}
