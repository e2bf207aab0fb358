import { convertToModelMessages, generateId, streamText, type UIMessage } from 'ai';
import { IsString } from 'class-validator';
import {
  Caller,
  Command,
  Input,
  RealtimeCommands,
  RealtimeStreams,
  type Principal,
  type StreamWriter,
} from '../../../src/realtime/index.js';
import { chats, model } from './chats.js';

class ChatInput {
  @IsString() chatId!: string;
}

class QuestionInput extends ChatInput {
  @IsString() id!: string;
  @IsString() text!: string;
}

@RealtimeCommands()
export class ChatCommands {
  constructor(private readonly streams: RealtimeStreams) {}

  @Command('chats.load', { input: ChatInput })
  load(@Input() { chatId }: ChatInput, @Caller() { user }: Principal): Promise<UIMessage[]> {
    return chats.load(user.userId, chatId); // refuses the chats of other users
  }

  @Command('chats.ask', { input: QuestionInput })
  async ask(@Input() { chatId, id, text }: QuestionInput, @Caller() { user }: Principal): Promise<void> {
    const known = await chats.load(user.userId, chatId);
    const index = known.findIndex((message) => message.id === id); // a question that is asked again
    const question: UIMessage = { id, role: 'user', parts: [{ type: 'text', text }] };
    const messages = [...(index < 0 ? known : known.slice(0, index)), question];
    await chats.save(user.userId, chatId, messages);
    const stream = await this.streams.open(`chats:${chatId}:answer`);
    void this.answer(stream, messages, (all) => chats.save(user.userId, chatId, all)); // continues after the command
  }

  private async answer(stream: StreamWriter, messages: UIMessage[], save: (all: UIMessage[]) => Promise<void>) {
    try {
      const prompt = await convertToModelMessages(messages);
      const answer = streamText({ model, messages: prompt, abortSignal: stream.signal });
      const chunks = answer.toUIMessageStream({
        originalMessages: messages,
        generateMessageId: generateId, // a tab that resumes the answer recognizes it by this id
        onFinish: ({ messages: all }) => save(all), // before the stream ends, also for a part of a cancelled answer
      });
      await stream.pipe(chunks);
      await stream.end();
    } catch {
      await stream.fail('The answer failed'); // does nothing if a client has cancelled it
    }
  }
}
