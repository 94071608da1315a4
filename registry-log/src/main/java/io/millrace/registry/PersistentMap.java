package io.millrace.registry;

import java.util.AbstractList;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * An immutable sorted map that shares structure with the maps it came from: a change costs O(log n) and leaves the old
 * map as it was. A weight-balanced tree (Adams 1993, with the parameters 3 and 2 that Hirai and Yamamoto 2011 proved).
 */
final class PersistentMap<K extends Comparable<? super K>, V> {
    private static final int DELTA = 3;
    private static final int RATIO = 2;

    /** {@code size} 0: no node; then nothing else of it is read. */
    private record Node<K, V>(K key, V value, Node<K, V> left, Node<K, V> right, int size) {
        boolean isEmpty() {
            return size == 0;
        }
    }

    private static final Node<?, ?> NIL = new Node<>(null, null, null, null, 0);
    private static final PersistentMap<?, ?> EMPTY = new PersistentMap<Integer, Object>(nil());

    private final Node<K, V> root;

    private PersistentMap(Node<K, V> root) {
        this.root = root;
    }

    @SuppressWarnings("unchecked") // the empty map holds no key and no value
    static <K extends Comparable<? super K>, V> PersistentMap<K, V> empty() {
        return (PersistentMap<K, V>) EMPTY;
    }

    int size() {
        return root.size();
    }

    boolean isEmpty() {
        return root.isEmpty();
    }

    boolean containsKey(K key) {
        return !find(key).isEmpty();
    }

    Optional<V> get(K key) {
        Node<K, V> node = find(key);
        return node.isEmpty() ? Optional.empty() : Optional.of(node.value());
    }

    PersistentMap<K, V> put(K key, V value) {
        return new PersistentMap<>(insert(root, key, value));
    }

    PersistentMap<K, V> remove(K key) {
        return containsKey(key) ? new PersistentMap<>(delete(root, key)) : this;
    }

    /** The last value whose key isn't above this one. */
    Optional<V> floor(K key) {
        int below = countUpTo(key);
        return below == 0 ? Optional.empty() : Optional.of(nodeAt(below - 1).value());
    }

    /** How many keys aren't above this one. */
    int countUpTo(K key) {
        int count = 0;
        Node<K, V> node = root;
        while (!node.isEmpty()) {
            if (key.compareTo(node.key()) < 0) {
                node = node.left();
            } else {
                count += node.left().size() + 1;
                node = node.right();
            }
        }
        return count;
    }

    /** The key at this place in the order, from 0. */
    K keyAt(int index) {
        return nodeAt(index).key();
    }

    /** The value at this place in the order of keys, from 0. */
    V at(int index) {
        return nodeAt(index).value();
    }

    /** The value of the greatest key. */
    Optional<V> last() {
        return isEmpty() ? Optional.empty() : Optional.of(at(size() - 1));
    }

    /** The values in the order of their keys; a view. */
    List<V> values() {
        return new Values<>(root);
    }

    private Node<K, V> find(K key) {
        Node<K, V> node = root;
        while (!node.isEmpty()) {
            int order = key.compareTo(node.key());
            if (order == 0) {
                return node;
            }
            node = order < 0 ? node.left() : node.right();
        }
        return node;
    }

    private Node<K, V> nodeAt(int index) {
        return nodeAt(root, index);
    }

    private static <K, V> Node<K, V> nodeAt(Node<K, V> root, int index) {
        if (index < 0 || index >= root.size()) {
            throw new IndexOutOfBoundsException(index);
        }
        Node<K, V> node = root;
        int rest = index;
        while (rest != node.left().size()) {
            if (rest < node.left().size()) {
                node = node.left();
            } else {
                rest -= node.left().size() + 1;
                node = node.right();
            }
        }
        return node;
    }

    @SuppressWarnings("unchecked") // the empty node holds no key and no value
    private static <K, V> Node<K, V> nil() {
        return (Node<K, V>) NIL;
    }

    private static <K, V> Node<K, V> node(K key, V value, Node<K, V> left, Node<K, V> right) {
        return new Node<>(key, value, left, right, left.size() + right.size() + 1);
    }

    private static <K extends Comparable<? super K>, V> Node<K, V> insert(Node<K, V> node, K key, V value) {
        if (node.isEmpty()) {
            return node(key, value, nil(), nil());
        }
        int order = key.compareTo(node.key());
        if (order == 0) {
            return new Node<>(key, value, node.left(), node.right(), node.size());
        }
        return order < 0
                ? balance(node.key(), node.value(), insert(node.left(), key, value), node.right())
                : balance(node.key(), node.value(), node.left(), insert(node.right(), key, value));
    }

    private static <K extends Comparable<? super K>, V> Node<K, V> delete(Node<K, V> node, K key) {
        int order = key.compareTo(node.key());
        if (order < 0) {
            return balance(node.key(), node.value(), delete(node.left(), key), node.right());
        }
        if (order > 0) {
            return balance(node.key(), node.value(), node.left(), delete(node.right(), key));
        }
        if (node.left().isEmpty()) {
            return node.right();
        }
        if (node.right().isEmpty()) {
            return node.left();
        }
        Node<K, V> next = nodeAt(node.right(), 0);
        return balance(next.key(), next.value(), node.left(), delete(node.right(), next.key()));
    }

    private static <K, V> Node<K, V> balance(K key, V value, Node<K, V> left, Node<K, V> right) {
        if (left.size() + right.size() <= 1) {
            return node(key, value, left, right);
        }
        if (right.size() > DELTA * left.size()) {
            return right.left().size() < RATIO * right.right().size()
                    ? node(right.key(), right.value(), node(key, value, left, right.left()), right.right())
                    : node(
                            right.left().key(),
                            right.left().value(),
                            node(key, value, left, right.left().left()),
                            node(right.key(), right.value(), right.left().right(), right.right()));
        }
        if (left.size() > DELTA * right.size()) {
            return left.right().size() < RATIO * left.left().size()
                    ? node(left.key(), left.value(), left.left(), node(key, value, left.right(), right))
                    : node(
                            left.right().key(),
                            left.right().value(),
                            node(
                                    left.key(),
                                    left.value(),
                                    left.left(),
                                    left.right().left()),
                            node(key, value, left.right().right(), right));
        }
        return node(key, value, left, right);
    }

    private static final class Values<K, V> extends AbstractList<V> {
        private final Node<K, V> root;

        private Values(Node<K, V> root) {
            this.root = root;
        }

        @Override
        public V get(int index) {
            return nodeAt(root, index).value();
        }

        @Override
        public int size() {
            return root.size();
        }

        @Override
        public Iterator<V> iterator() {
            return new InOrder<>(root);
        }
    }

    private static final class InOrder<K, V> implements Iterator<V> {
        private final Deque<Node<K, V>> path = new ArrayDeque<>();

        private InOrder(Node<K, V> root) {
            descend(root);
        }

        private void descend(Node<K, V> from) {
            for (Node<K, V> node = from; !node.isEmpty(); node = node.left()) {
                path.push(node);
            }
        }

        @Override
        public boolean hasNext() {
            return !path.isEmpty();
        }

        @Override
        public V next() {
            if (path.isEmpty()) {
                throw new NoSuchElementException();
            }
            Node<K, V> node = path.pop();
            descend(node.right());
            return node.value();
        }
    }
}
