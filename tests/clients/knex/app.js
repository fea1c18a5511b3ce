// The application with Knex and node-postgres: app.js STORY RESULTS.
// SPDX-License-Identifier: PostgreSQL
'use strict';

const assert = require('assert');
const fs = require('fs');
const { Readable } = require('stream');
const { pipeline } = require('stream/promises');
const knex = require('knex');
const pg = require('pg');
const { from: copyFrom } = require('pg-copy-streams');

const db = knex({ client: 'pg', connection: {}, pool: { min: 0, max: 3 } });

async function actingFor(tenant, work) {
    return db.transaction(async (trx) => {
        await trx.raw('SELECT tenancy.set_tenant(?, true)', [tenant]);
        return work(trx);
    });
}

// ---- other ways to say the same -------------------------------------------------------------

const bySetConfig = (tenant, work) =>
    db.transaction(async (trx) => {
        await trx.raw("SELECT set_config('tenancy.tenant_id', ?, true)", [tenant]);
        return work(trx);
    });

// SET takes no parameters: the client has to quote.
const bySetLocal = (tenant, work) =>
    db.transaction(async (trx) => {
        await trx.raw(`SET LOCAL tenancy.tenant_id = ${pg.escapeLiteral(tenant)}`);
        return work(trx);
    });

// For the time that a connection is out of its pool. New ones begin with no tenant, whatever their role has.
const sessions = knex({
    client: 'pg',
    connection: {},
    pool: {
        min: 0,
        max: 2,
        afterCreate: (connection, done) =>
            connection.query('SELECT tenancy.reset_tenant()', (error) => done(error, connection)),
    },
});

async function bySession(tenant, work) {
    const connection = await sessions.client.acquireConnection();
    try {
        await connection.query('SELECT tenancy.set_tenant($1)', [tenant]);
        return await sessions.transaction(work, { connection });
    } finally {
        await connection.query('SELECT tenancy.reset_tenant()');
        await sessions.client.releaseConnection(connection);
    }
}

// A pool a tenant.
const pools = new Map();

function byStartup(tenant, work) {
    if (!pools.has(tenant)) {
        const connection = { options: `-c tenancy.tenant_id=${tenant}` };
        pools.set(tenant, knex({ client: 'pg', connection, pool: { min: 0, max: 1 } }));
    }
    return pools.get(tenant).transaction(work);
}

const ways = [actingFor, bySetConfig, bySetLocal, bySession, byStartup];

// ---- the application ------------------------------------------------------------------------

class GivenUp extends Error {}

function mine(tenant, rows) {
    for (const row of rows)
        assert(row.tenant_id === tenant && row.body.startsWith(`${tenant}:`), `${JSON.stringify(row)} for ${tenant}`);
    return rows;
}

const operations = {
    async add(trx, tenant, key, body) {
        await trx.raw("SELECT tenancy.consume('notes')");
        await trx('notes').insert({ key, body });
        return 'ok';
    },
    async abandon(trx, tenant, key, body) {
        await operations.add(trx, tenant, key, body);
        throw new GivenUp();
    },
    change: (trx, tenant, key, body) => trx('notes').where({ key }).update({ body }),
    remove: (trx, tenant, key) => trx('notes').where({ key }).delete(),
    async read(trx, tenant, key) {
        // With a name it is prepared on the server, once a connection, for whatever tenants come.
        const connection = await trx.client.acquireConnection();
        const query = { name: 'read_note', text: 'SELECT * FROM notes WHERE key = $1', values: [key] };
        const rows = mine(tenant, (await connection.query(query)).rows);
        return rows.length > 0 ? rows[0].body : '-';
    },
    async list(trx, tenant) {
        const rows = mine(tenant, await trx('notes').select().orderBy('key'));
        return rows.map((row) => `${row.key}=${row.body}`).join(',');
    },
    async half(trx, tenant, key, body) {
        await trx('notes').insert({ key, body });
        try {
            await trx.transaction((savepoint) => savepoint('notes').insert({ key, body }));
        } catch (error) {
            await trx('notes').insert({ key: `${key}.2`, body });
            return error.code;
        }
    },
    async copy(trx, tenant, key, count) {
        const connection = await trx.client.acquireConnection();
        const lines = Array.from({ length: Number(count) }, (_, i) => `${key}.${i + 1}\t${tenant}:${key}.${i + 1}\n`);
        const stream = connection.query(copyFrom('COPY notes (key, body) FROM STDIN'));
        await pipeline(Readable.from(lines), stream);
        return stream.rowCount;
    },
    steal: (trx, tenant, key, body) => trx('notes').insert({ tenant_id: body, key, body: 'stolen' }),
};

async function play([step, name, operation, key, body]) {
    const tenant = name === '-' ? '' : name;
    try {
        return await ways[step % ways.length](tenant, (trx) => operations[operation](trx, tenant, key, body));
    } catch (error) {
        if (error instanceof GivenUp) return 'undone';
        if (!(error instanceof pg.DatabaseError)) throw error;
        assert(error.code !== '53400' || /resets at/.test(error.detail));
        return error.code;
    }
}

async function main(story, results) {
    const byTenant = new Map();
    for (const line of fs.readFileSync(story, 'utf8').trimEnd().split('\n')) {
        const step = line.split('\t');
        byTenant.set(step[1], [...(byTenant.get(step[1]) ?? []), step]);
    }
    const lines = [];
    // All tenants at once, so that they take turns with the pool's connections.
    await Promise.all(
        [...byTenant.values()].map(async (steps) => {
            for (const step of steps) lines.push(`${step[0]}\t${await play(step)}\n`);
        }),
    );
    fs.writeFileSync(results, lines.join(''));
    await Promise.all([db, sessions, ...pools.values()].map((pool) => pool.destroy()));
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(error);
    process.exit(1);
});
