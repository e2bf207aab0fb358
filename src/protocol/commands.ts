/**
 * The command map: input, output and progress of each command of the application. It types `call` in the client. It is
 * empty; an application adds its commands by declaration merging, or generates them from the AsyncAPI document:
 *
 *     declare module 'nestjs-realtime-client' {
 *       interface RealtimeCommands {
 *         'apps.rename': { input: { id: string; name: string }; output: App };
 *         'apps.deploy': { input: { id: string }; output: Deployment; progress: { percent: number } };
 *       }
 *     }
 */
// oxlint-disable-next-line
export interface RealtimeCommands {}
