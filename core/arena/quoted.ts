/** A model's text between tags of ours. It cannot close them, nor open others in another's name. */
export const quoted = (text: string): string =>
  text.replace(/[<\uff1c](?=[\s/]{0,20}(?:answer|question|draft|drafts|rubric)\b)/gi, "&lt;");
