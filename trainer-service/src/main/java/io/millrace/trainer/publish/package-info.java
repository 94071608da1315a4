/**
 * From a head to a version: {@code Check} compares it with the champion, {@code Prototyping} says what it is for,
 * {@code CutVersion} writes its files and the command that publishes it.
 */
package io.millrace.trainer.publish;
