// A question whose answer is yes or no; only "y" and "yes" are yes, and so is neither silence nor the end of input.
import { createInterface } from 'node:readline/promises';

export async function isAgreed(
  question: string,
  { input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
): Promise<boolean> {
  const questions = createInterface({ input, output });
  const ended = new Promise<string>((resolve) => questions.once('close', () => resolve('')));
  const reply = await Promise.race([questions.question(question), ended]);
  questions.close();
  return /^y(es)?$/i.test(reply.trim());
}
