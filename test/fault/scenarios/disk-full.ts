import { SingleBackend } from '../backends/single.js';
import { scenario } from './scenario.js';

const DISK_BYTES = 67_108_864;

/** The disk of the append-only file is full for a while. */
const fullFor = (appendfsync: 'always' | 'everysec') =>
  scenario<SingleBackend>({
    name: appendfsync === 'always' ? 'disk-full-always' : 'disk-full',
    redisMayLose: false,
    backend: (instances, random) =>
      SingleBackend.start(
        instances,
        random,
        ['appendonly yes', `appendfsync ${appendfsync}`, 'auto-aof-rewrite-percentage 0'],
        { diskBytes: DISK_BYTES },
      ),
    async round(world) {
      const { node } = world.backend;
      await world.fault('disk full', async () => {
        await node.disk!.fill();
        // With `always`, Redis exits rather than acknowledge data that it could not write.
        if (appendfsync === 'always') await node.ended();
        await world.calm(world.random.between(500, 4_000));
        await node.disk!.free();
        if (appendfsync === 'always') await node.restart();
        // Redis retries each second, and accepts writes once that succeeds.
        else await node.until(/aof_last_write_status:ok/);
      });
    },
  });

/** Redis replies MISCONF to every write and keeps its data. */
export const diskFull = fullFor('everysec');

/** Redis exits, and is restarted when there is space. */
export const diskFullAlways = fullFor('always');
