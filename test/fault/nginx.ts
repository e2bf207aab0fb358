import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/ports.js';
import { Child } from '../support/child.js';
import { makeTemporaryDirectory, removeDirectory } from '../support/temporary-directory.js';
import { within } from '../support/within.js';
import type { Instance } from './instance.js';
import type { Front } from './world.js';

/** Possible paths; Debian installs it outside of users' PATH. */
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path));

/** nginx in front of the instances, without sticky sessions: each connection goes to the next live instance. */
export class Nginx implements Front {
  private constructor(
    private readonly child: Child,
    private readonly directory: string,
    readonly port: number,
  ) {}

  /** @param workers processes that share the connections */
  static async start(instances: readonly Pick<Instance, 'port'>[], workers = 1): Promise<Nginx> {
    return Nginx.serve((port) => serverOf(port, instances), workers);
  }

  /** @param http what its `http` block contains, to listen on this port */
  static async serve(http: (port: number) => string, workers = 1): Promise<Nginx> {
    if (NGINX === undefined) {
      throw new Error('This test needs nginx, which is missing: install it with "apt-get install nginx-light"');
    }
    const port = await freePort();
    const directory = await makeTemporaryDirectory();
    const file = join(directory, 'nginx.conf');
    await writeFile(file, configuration(http(port), directory, workers));
    const child = new Child(NGINX, ['-p', directory, '-e', 'stderr', '-c', file]);
    const nginx = new Nginx(child, directory, port);
    try {
      await nginx.listens();
      return nginx;
    } catch (error) {
      await nginx.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.child.stop('SIGTERM');
    await removeDirectory(this.directory);
  }

  private async listens(): Promise<void> {
    const answers = async (): Promise<void> => {
      for (;;) {
        const socket = connect(this.port, '127.0.0.1');
        try {
          await once(socket, 'connect');
          return;
        } catch {
          await delay(20);
        } finally {
          socket.destroy();
        }
      }
    };
    const ends = async (): Promise<never> => {
      await this.child.exited;
      throw new Error(`nginx ended:\n${this.child.output}`);
    };
    await within(30_000, () => `nginx:\n${this.child.output}`, Promise.race([answers(), ends()]));
  }
}

function configuration(http: string, directory: string, workers: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
worker_processes ${workers};
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  access_log off;
${temporary.map((name) => `  ${name}_temp_path ${directory}/${name};`).join('\n')}
${http}
}
`;
}

/** As in docs/scaling.md: with `max_fails`, nginx sends a restarted instance only one connection per `fail_timeout`. */
function serverOf(port: number, instances: readonly Pick<Instance, 'port'>[]): string {
  const servers = instances.map((instance) => `server 127.0.0.1:${instance.port} max_fails=0;`);
  return `
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream realtime {
    least_conn;
    zone realtime 64k; # all workers count together
    ${servers.join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port} reuseport;
    location / {
      proxy_pass http://realtime;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_connect_timeout 1s;
      proxy_read_timeout 75s;
      proxy_next_upstream error timeout http_503;
    }
  }
`;
}
