/**
 * Takes in jobs at any trainer's door and keeps them on record until they have ended: {@code JobOrders} turns what was asked
 * for into jobs, {@code JobDesk} has each done by the worker that can do it, {@code AdapterJobs} is what workers tell each
 * other of them.
 */
package io.millrace.trainer.desk;
