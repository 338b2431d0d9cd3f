import { connect, type Socket } from 'node:net';

/** An answer that arrived whole. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One connection that is kept open, with one request on its way at a time. No more of HTTP than the bench needs, because
 * the load shares the machine with the service: answers carry Content-Length.
 */
export class Connection {
  readonly #socket: Socket;
  #waiting: Waiting | undefined;
  #received = '';
  #wanted = 0;

  constructor(port: number) {
    this.#socket = connect({ port, host: 'localhost', noDelay: true }).setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the service closed the connection')));
  }

  /** @param message a whole HTTP/1.1 request */
  ask(message: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(message);
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#received += chunk;
    if (this.#wanted === 0) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1];
      if (length === undefined) {
        this.#fail(new Error('an answer came without Content-Length'));
        return;
      }
      this.#wanted = end + 4 + Number(length);
    }
    if (this.#received.length < this.#wanted) return;
    const answer = { status: Number(this.#received.slice(9, 12)), text: this.#received };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#received = '';
    this.#wanted = 0;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
