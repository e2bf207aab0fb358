// Refuses phrases that readers stumble over, and prints the replacement. CONTRIBUTING, section Wording, has the rules.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Phrases, each with its replacement and an example that the check must find. */
export const RULES = [
  { phrase: /\bjudged?\b.{0,20}\banew\b/i, say: 're-authorize, re-evaluate', example: 'rights are judged anew' },
  { phrase: /\bin silence\b/i, say: 'silently', example: 'an event is lost in silence' },
  { phrase: /\bcan(?:not)? be had\b/i, say: 'is (un)available', example: 'the keys cannot be had' },
  { phrase: /\bin good order\b/i, say: 'gracefully', example: 'it ends in good order' },
  { phrase: /\blets go of\b/i, say: 'releases', example: 'it lets go of the lock' },
  { phrase: /\bheld against\b/i, say: 'validated against', example: 'data is held against its class' },
  { phrase: /\bheld up\b/i, say: 'blocked', example: 'the event loop is held up' },
  { phrase: /\bhears? of\b|\bheard of\b/i, say: 'is notified of, receives', example: 'the others hear of it' },
  { phrase: /\bone's own\b/i, say: 'custom, separate', example: "a class of one's own" },
  { phrase: /\bbr(?:ings?|ought) a (?:fresh )?token\b/i, say: 'sends a token', example: 'a client brings a token' },
  { phrase: /\bRedis (?:is|was) away\b/i, say: 'Redis is unavailable', example: 'while Redis is away' },
  { phrase: /\bturns? the time ahead\b/i, say: 'advances the clock', example: 'it turns the time ahead' },
  { phrase: /\bno such (?!file\b)/i, say: '… not found, unknown …', example: 'there is no such channel' },
  { phrase: /\bin vain\b/i, say: 'without success', example: 'it asks in vain' },
  { phrase: /\ball the same\b/i, say: 'anyway', example: 'it is sent all the same' },
  {
    phrase: /\bis no (?:string|text|object|number|problem|gap|hole|part)\b/i,
    say: 'is not a …',
    example: 'it is no string',
  },
  { phrase: /\bmade anew\b/i, say: 'recreated', example: 'the connection is made anew' },
  { phrase: /\bwhat (?:it|they|he|she) (?:is|are) owed\b/i, say: 'its send buffer', example: 'what it is owed' },
  {
    phrase: /\/\*\* (?:What|Whether|Who|Whoever|Whom|Whose|Those)\b/,
    say: 'a noun or a verb first',
    example: '/** What it keeps. */',
  },
  {
    phrase: /\b(?:process|module|project|machine|folder) of (?:its|their) own\b/i,
    say: 'a separate …',
    example: 'it runs in a process of its own',
  },
  { phrase: /\b(?:is|are|was) written anew\b/i, say: 'is rewritten', example: 'the page is written anew' },
  { phrase: /\bgoes on where\b/i, say: 'resumes', example: 'it goes on where it stood' },
  { phrase: /\bwhoever\b/i, say: 'the caller, a client', example: 'whoever asks' },
  { phrase: /\b(?:somebody|everybody)\b/i, say: 'a user, all clients', example: 'it is for everybody' },
  { phrase: /\bwhatever\b/i, say: 'any, for any', example: 'whatever its token' },
  { phrase: /\bgo(?:es)? on\b(?! where)/i, say: 'continues', example: 'the other channels go on' },
  { phrase: /\b(?:is|are|was|were|be|been|never) told\b/i, say: 'is notified', example: 'the client is told' },
  { phrase: /\b(?:that|which) (?:is|are) none\b/i, say: 'is not a …', example: 'a name that is none' },
  { phrase: /\binside the house\b/i, say: 'internally', example: 'its name inside the house' },
];

const PATHS = ['src', 'test', 'bench', 'examples', 'deploy', 'docs', 'README.md', 'SECURITY.md', '.env.example'];
const TEXT = /\.(?:[cm]?[jt]s|tsx|md|ya?ml|html|css|example)$/;

/** @returns one line for each phrase in a text, with its location and the replacement */
export function findings(file, text) {
  return text.split('\n').flatMap((line, index) =>
    RULES.flatMap(({ phrase, say }) => {
      const found = phrase.exec(line);
      return found === null ? [] : [`${file}:${index + 1}: "${found[0]}": write ${say}`];
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = execFileSync('git', ['ls-files', ...PATHS], { encoding: 'utf8' }).split('\n');
  const problems = files
    .filter((file) => TEXT.test(file))
    .flatMap((file) => findings(file, readFileSync(file, 'utf8')));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
